"""Twilio: `twilio.request_validator.RequestValidator`, given URL and form as its own examples do."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from twilio.request_validator import (  # type: ignore[import-not-found]  # in an environment of its own
    RequestValidator,
    get_signature_algorithm,
)

from tests.oracles.python.case import Case, Large, Request, Vectors, post, refused, sdk, taken

SECRET: Final = "7w1l10a074u7h70k3n00000000000001"
OLD: Final = "7w1l10a074u7h70k3n00000000000000"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}
PUBLIC: Final = "https://hooks.example.com"
URL: Final = f"{PUBLIC}/in/twilio"
FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"
Fields = Sequence[tuple[str, str]]


class _Form:
    """A form as web frameworks hand it over."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[str]:
        return iter({name for name, _ in self._fields})

    def __len__(self) -> int:
        return len(self._fields)

    def getlist(self, name: str) -> list[str]:
        return [value for key, value in self._fields if key == name]


def judge(case: Case) -> bool:
    """Whether one of the secrets verifies."""
    request = case.request
    address = f"{case.public_url}/in/twilio" + (f"?{request.query}" if request.query else "")
    given = request.header("X-Twilio-Signature") or ""
    algorithm = get_signature_algorithm(request.header("X-Twilio-Webhooks-Signature-Settings"))
    validators = [RequestValidator(secret) for secret in case.config["secret"]]
    return any(validator.validate(address, _params(request), given, algorithm) for validator in validators)


def _params(request: Request) -> _Form | str:
    text = request.body.decode()
    if "form" not in (request.header("Content-Type") or ""):
        return text
    return _Form(parse_qsl(text, keep_blank_values=True))


def status(message: str = "SM0relay0001", state: str = "sent", *more: tuple[str, str]) -> Fields:
    """A status callback; the same message has one for each of its states."""
    fields = [("MessageSid", message), ("MessageStatus", state), ("AccountSid", "AC0relay01")]
    return [*fields, ("From", "+15005550006"), ("To", "+41445550100"), ("ApiVersion", "2010-04-01"), *more]


def sign(fields: Fields = (), url: str = URL, secret: str = SECRET, algorithm: str = "sha1") -> str:
    pairs = sorted({(name, value) for name, value in fields})
    text = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), algorithm)).decode()


def sent(
    fields: Fields, signature: str | bytes, token: str = "", media: str = FORM, *more: tuple[str, str]
) -> Request:
    named = [("I-Twilio-Idempotency-Token", token)] if token else []
    return post(urlencode(fields).encode(), ("X-Twilio-Signature", signature), *named, *more, media=media)


def signed(fields: Fields, token: str = "", secret: str = SECRET) -> Request:
    return sent(fields, sign(fields, secret=secret), token)


def queried(request: Request, query: str) -> Request:
    return Request(request.headers, request.written, query=query)


def case(
    name: str,
    request: Request,
    expect: dict[str, object] | None = None,
    public_url: str = PUBLIC,
    why: str = "",
) -> Case:
    return Case(name, request, expect or taken(), CONFIG, public_url=public_url, why=why)


GOOD: Final = status()
TOKEN: Final = "6a1d0000-0000-4000-8000-000000000001"


def _forms() -> Iterator[Case]:
    yield case("good", signed(GOOD, TOKEN))
    yield case("form without a charset", sent(GOOD, sign(GOOD), media=FORM.partition(";")[0]))
    spoken = status("SM0relay0002", "received", ("Body", "Grüezi 👋 & 1+1=2 %41"))
    yield case("unicode body", signed(spoken))
    yield case("an empty value", signed(status("SM0relay0003", "received", ("Body", ""))))
    repeated = status("SM0relay0004", "received", ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b"))
    yield case("a field several times", signed(repeated))
    words = "x" * 200_000
    large = Large(urlencode(GOOD).encode() + b"&Transcript=", b"")
    headers = signed([*GOOD, ("Transcript", words)]).headers
    yield case("large body", Request(headers, large))
    bare = post(b"", ("X-Twilio-Signature", sign()), media=FORM)
    yield case("empty body", bare, refused(400), why="the signature is right, but there is no event")


def _addresses() -> Iterator[Case]:
    query = "from=relay&to=%2B41"
    with_query = queried(sent(GOOD, sign(GOOD, f"{URL}?{query}")), query)
    yield case("with a query", with_query)
    yield case("query not signed", queried(signed(GOOD), query), refused())
    ported = "https://hooks.example.com:443/in/twilio"
    yield case("signed with the port, known without", sent(GOOD, sign(GOOD, ported)))
    elsewhere = "https://hooks.example.com:8443"
    yield case(
        "signed with a port of its own", sent(GOOD, sign(GOOD, f"{elsewhere}/in/twilio")), None, elsewhere
    )
    yield case("signed without the port, known with", signed(GOOD), None, elsewhere)
    other = sent(GOOD, sign(GOOD, "https://hooks.example.net/in/twilio"))
    yield case("signed for another host", other, refused())
    plain = sent(GOOD, sign(GOOD, "http://hooks.example.com/in/twilio"))
    yield case("signed for http", plain, refused())
    forwarded = (("X-Forwarded-Host", "hooks.example.net"), ("X-Forwarded-Proto", "https"))
    led = sent(GOOD, sign(GOOD, "https://hooks.example.net/in/twilio"), "", FORM, *forwarded)
    yield case("signed for the host that X-Forwarded-Host names", led, refused())


def _json() -> Iterator[Case]:
    body = json.dumps({"EventType": "onMessageAdded", "Body": "Zoë 👋"}, ensure_ascii=False).encode()
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = ("X-Twilio-Signature", sign(url=f"{URL}?{query}"))
    yield case("JSON", queried(post(body, signature), query))
    altered = queried(post(body + b" ", signature), query)
    yield case("JSON, one body byte changed", altered, refused())
    other = f"bodySHA256={hashlib.sha256(body + b' ').hexdigest()}"
    yield case("JSON, body and digest changed", queried(post(body + b" ", signature), other), refused())
    covered = ("X-Twilio-Signature", sign())
    uncovered = "nothing covers the body; a caller of the SDK that hands over no form would take it"
    yield case("JSON without its digest", post(body, covered), refused(), why=uncovered)
    yield case(
        "a form called text", post(b"MessageSid=1", covered, media="text/plain"), refused(), why=uncovered
    )


def _proofs() -> Iterator[Case]:
    yield case("wrong secret", signed(GOOD, secret="of-another-account"), refused())
    yield case("one body byte changed", sent(status(state="senT"), sign(GOOD)), refused())
    yield case("a field added", sent([*GOOD, ("Extra", "1")], sign(GOOD)), refused())
    yield case("signature missing", post(urlencode(GOOD).encode(), media=FORM), refused())
    yield case("malformed signature", sent(GOOD, "***"), refused())
    yield case("non-ASCII header bytes", sent(GOOD, b"\xff\xe9" + sign(GOOD).encode()), refused())
    yield case("wrong digest", sent(GOOD, sign(GOOD, algorithm="sha256")), refused())
    second = signed(GOOD, secret=OLD)
    yield Case("second of two secrets", second, taken(), ROTATING, public_url=PUBLIC)


def _shared_keys() -> Iterator[Case]:
    """A SharedKey: a header says which digest."""

    def settings(algorithm: str) -> tuple[str, str]:
        return "X-Twilio-Webhooks-Signature-Settings", f"key=webhooks_sharedkey_01,algorithm={algorithm}"

    sha256 = sign(GOOD, algorithm="sha256")
    yield case("shared key, SHA-256", sent(GOOD, sha256, TOKEN, FORM, settings("HMAC_SHA256")))
    sha1 = sent(GOOD, sign(GOOD), TOKEN, FORM, settings("HMAC_SHA256"))
    yield case("shared key, SHA-256 said, SHA-1 made", sha1, refused())
    unknown = sent(GOOD, sign(GOOD, algorithm="md5"), TOKEN, FORM, settings("HMAC_MD5"))
    yield case("shared key, wrong scheme version", unknown, refused())


def _pairs() -> Iterator[Case]:
    def pair(name: str, request: Request, same: str = "", differs: str = "") -> Case:
        found = taken()
        return Case(name, request, found, CONFIG, public_url=PUBLIC, same_as=same, differs_from=differs)

    yield pair("retry of good", signed(GOOD, TOKEN), "good")
    later = signed(status(state="delivered"), "6a1d0000-0000-4000-8000-000000000002")
    yield pair("next status of the same message", later, differs="good")
    first = signed(status("SM0relay0005", "queued"))
    yield pair("a status without a token", first)
    second = signed(status("SM0relay0005", "sent"))
    yield pair("next status, without a token", second, differs="a status without a token")
    method = Request(signed(GOOD).headers, signed(GOOD).written, method="PUT")
    yield case("another method", method, refused(405), why="the SDK does not see the method")


VECTORS: Final = Vectors(
    "twilio",
    (*_forms(), *_addresses(), *_json(), *_proofs(), *_shared_keys(), *_pairs()),
    oracle=sdk("twilio"),
    judge=judge,
)
