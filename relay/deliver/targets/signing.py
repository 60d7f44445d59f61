"""Signatures of what relay sends: Standard Webhooks, and an HMAC in the receiver's own words."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final

from multidict import CIMultiDict

from relay.clock import SECOND
from relay.config.locate import dotted
from relay.config.signing import PRIVATE, PRIVATE_SIZES, standard_key
from relay.config.target import HmacSign, Sign, StandardSign
from relay.deliver.targets.protocol import Message
from relay.errors import Problem
from relay.mac import mac

SEED: Final = min(PRIVATE_SIZES)
"""Bytes of an ed25519 seed, which the public key may follow."""
CRYPTO_HINT: Final = 'requirements.lock has it; else, in relay\'s checkout: pip install ".[crypto]"'
_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")

Signer = Callable[[Message, str, int], None]
"""Adds to a message's headers what signs it, by the url it goes to and the attempt's time (microseconds)."""


def prepare_signer(name: str, words: Sign | None) -> Signer | list[Problem] | None:
    """What signs for a target; None: nothing does."""
    match words:
        case StandardSign():
            return _standard(name, words)
        case HmacSign():
            return _hmac(words)
    return None


# Standard Webhooks

Key = Callable[[bytes], str]
"""A text's signature, with its version."""


@dataclass(frozen=True, slots=True)
class StandardSigner:
    """`webhook-id`, `webhook-timestamp`, `webhook-signature`: one signature by each of the keys."""

    keys: tuple[Key, ...] = field(repr=False)

    def __call__(self, message: Message, _url: str, now: int) -> None:
        id, stamp = message.key, str(now // SECOND)
        text = f"{id}.{stamp}.".encode() + message.body
        _forget_senders(message.headers)
        message.headers["webhook-id"] = id
        message.headers["webhook-timestamp"] = stamp
        message.headers["webhook-signature"] = " ".join([key(text) for key in self.keys])


def _standard(name: str, words: StandardSign) -> Signer | list[Problem]:
    texts = [secret.reveal() for secret in words.secret]
    if any(text.startswith(PRIVATE) for text in texts) and find_spec("cryptography") is None:
        path = dotted(["target", name, "sign", "secret"])
        return [Problem(path, f"{PRIVATE}… needs the extra crypto", CRYPTO_HINT)]
    return StandardSigner(tuple(_key(text) for text in texts))


def _key(text: str) -> Key:
    raw = standard_key(text)
    assert raw is not None, "the file's own rules let none pass that is no key"
    if text.startswith(PRIVATE):
        return _private_key(raw)
    return lambda signed: "v1," + _base64(mac(raw, signed, "sha256"))


def _private_key(raw: bytes) -> Key:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415  needs the extra
        Ed25519PrivateKey,
    )

    private = Ed25519PrivateKey.from_private_bytes(raw[:SEED])
    return lambda signed: "v1a," + _base64(private.sign(signed))


# a header of the receiver's choice

Part = Callable[[Message, str], bytes]
"""A piece of what is signed, by the message and its url."""


@dataclass(frozen=True, slots=True)
class HmacSigner:
    """One header, in the words of `verify`."""

    key: bytes = field(repr=False)
    algorithm: str
    header: str
    prefix: str
    written: Callable[[bytes], str]
    parts: tuple[Part, ...]

    def __call__(self, message: Message, url: str, _now: int) -> None:
        text = b"".join([part(message, url) for part in self.parts])
        _forget_senders(message.headers)
        message.headers[self.header] = self.prefix + self.written(mac(self.key, text, self.algorithm))


def _hmac(words: HmacSign) -> Signer:
    return HmacSigner(
        words.secret[0].reveal().encode(),
        words.algorithm,
        words.header,
        words.prefix,
        _base64 if words.encoding == "base64" else bytes.hex,
        _parts(words.signed),
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


PLACES: Final[dict[str, Part]] = {
    "body": lambda message, _: message.body,
    "id": lambda message, _: message.key.encode(),
    "url": lambda _, url: url.encode(),
}


def _parts(signed: str) -> tuple[Part, ...]:
    pieces = _PLACEHOLDER.split(signed)
    parts = [PLACES[piece] if number % 2 else _literal(piece) for number, piece in enumerate(pieces)]
    return tuple(part for part, piece in zip(parts, pieces, strict=True) if piece)


def _literal(text: str) -> Part:
    raw = text.encode()
    return lambda _message, _url: raw


def _forget_senders(headers: "CIMultiDict[str]") -> None:
    """What the sender signed stands beside no signature of ours."""
    for name in [name for name in headers if name[:8].lower() == "webhook-"]:
        headers.popall(name, None)
