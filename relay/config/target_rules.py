"""Which keys belong to which kind of target: told even where some of their values are wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from relay.config.choice import listed
from relay.config.locate import dotted
from relay.config.schema import Config
from relay.config.secret import Secret
from relay.config.target_url import ENCRYPTED, KINDS, has_login, scheme_of
from relay.config.types import quoted
from relay.errors import Problem

CALLED: Final = {
    "http": "HTTP",
    "log": "log:",
    "exec": "exec:",
    "file": "file:",
    "nats": "NATS",
    "amqp": "AMQP",
    "kafka": "Kafka",
    "redis": "Redis",
}
"""What people call each kind."""
BELONGS: Final = {
    "args": ("exec",),
    "rotate": ("file",),
    "subject": ("nats",),
    "stream": ("nats", "redis"),
    "maxlen": ("redis",),
    "exchange": ("amqp",),
    "routing_key": ("amqp",),
    "topic": ("kafka",),
    "key": ("kafka",),
    "batch": ("http",),
    "sign": ("http",),
    "auth": ("http", "nats", "amqp", "kafka", "redis"),
    "ca": ("http", "nats", "amqp", "redis"),
}
"""Keys that only some kinds of targets have."""
NEEDED: Final = {
    "nats": ("subject", 'subject = "orders.${event.type}"'),
    "amqp": ("routing_key", 'routing_key = "${event.type}"'),
    "kafka": ("topic", 'topic = "orders"'),
    "redis": ("stream", 'stream = "orders"'),
}
"""Where at a broker a message goes."""
LOGINS: Final = {
    "http": ("bearer", "basic", "header", "query", "oauth2", "mtls"),
    "nats": ("basic", "bearer", "mtls"),
    "amqp": ("basic", "mtls"),
    "kafka": ("basic",),
    "redis": ("basic", "mtls"),
}
"""Types of auth that each kind takes."""
BY_HEADERS: Final = "cloudevents-binary"
_NAME: Final = re.compile(r"[^\s.*>/\\\x00-\x1f\x7f$]+")
"""A stream of NATS."""
Raw = dict[str, Any]


def errors(config: Config, raw: Raw) -> Iterator[Problem]:
    """Every rule that a target breaks. `config` may lack tables of `raw` that are at fault by themselves."""
    for name, table in tables(raw).items():
        scheme = scheme_by(config, raw, name)
        if isinstance(table, dict) and scheme is not None:
            yield from broken(dotted(["target", name]), table, scheme)
            yield from _logins(dotted(["target", name]), table, config, name)


def tables(raw: Raw) -> Mapping[str, Any]:
    found = raw.get("target")
    return found if isinstance(found, dict) else {}


def scheme_by(config: Config, raw: Raw, name: str) -> str | None:
    """The scheme of a target's url; None where it cannot be known: then nothing is said of its keys."""
    sound = config.target.get(name)
    if sound is not None:
        return None if isinstance(sound.url, Secret) and sound.url.missing else sound.scheme
    table = tables(raw).get(name)
    url = table.get("url") if isinstance(table, dict) else None
    return scheme_of(url) if isinstance(url, str) else None


def broken(path: str, table: Raw, scheme: str) -> Iterator[Problem]:
    """Every rule that the keys of a target of that scheme break."""
    kind = KINDS[scheme]
    for key, kinds in BELONGS.items():
        if key in table and kind not in kinds:
            yield Problem(f"{path}.{key}", f"is a key of {called(kinds)} targets", f"this one is {scheme}:")
    if kind in NEEDED and NEEDED[kind][0] not in table:
        key, hint = NEEDED[kind]
        yield Problem(f"{path}.{key}", "is missing", hint)
    yield from _format(path, table, kind)
    yield from _tls(path, table, scheme)
    yield from _auth(path, table, kind)
    if kind == "nats" and isinstance(stream := table.get("stream"), str) and not _NAME.fullmatch(stream):
        hint = "one name, without white space . * > / \\ and ${}; subject may hold ${}"
        yield Problem(f"{path}.stream", f"{quoted(stream)} is no stream of NATS", hint)
    rotate = table.get("rotate")
    if kind == "file" and isinstance(rotate, dict) and not {"size", "every"} & set(rotate):
        yield Problem(f"{path}.rotate", "never happens", 'size = "100MiB", every = "1d", or both')
    args = table.get("args")
    if isinstance(args, list) and any("\0" in arg for arg in args if isinstance(arg, str)):
        yield Problem(f"{path}.args", "holds a NUL, which no program can be given")


def called(kinds: Iterable[str]) -> str:
    """`HTTP, NATS and Redis`."""
    *words, last = (CALLED[kind] for kind in kinds)
    return f"{', '.join(words)} and {last}" if words else last


def _format(path: str, table: Raw, kind: str) -> Iterator[Problem]:
    if table.get("format") != BY_HEADERS:
        return
    if kind != "http":
        text = "are HTTP headers, of which this target has none"
    elif "batch" in table:
        text = "are headers of one event, and a batch has several"
    else:
        return
    yield Problem(f"{path}.format", f"the attributes of {BY_HEADERS} {text}", 'format = "cloudevents"')


def _tls(path: str, table: Raw, scheme: str) -> Iterator[Problem]:
    """Certificates are shown where the connection is encrypted."""
    kind, auth = KINDS[scheme], table.get("auth")
    if scheme in ENCRYPTED.values():
        return
    hint = f"{ENCRYPTED[kind]}://" if kind in ENCRYPTED else "leave it out"
    text = f"needs TLS, and {scheme}: has none"
    if "ca" in table and kind in BELONGS["ca"]:
        yield Problem(f"{path}.ca", text, hint)
    if isinstance(auth, dict) and auth.get("type") == "mtls" and "mtls" in LOGINS.get(kind, ()):
        yield Problem(f"{path}.auth", f"mtls {text}", hint)


def _auth(path: str, table: Raw, kind: str) -> Iterator[Problem]:
    auth, known = table.get("auth"), LOGINS.get(kind)
    word = auth.get("type") if isinstance(auth, dict) else None
    if known is not None and word in LOGINS["http"] and word not in known:
        yield Problem(
            f"{path}.auth.type", f"{word} is no login of {CALLED[kind]} targets", f"it takes {listed(known)}"
        )


def _logins(path: str, table: Raw, config: Config, name: str) -> Iterator[Problem]:
    """One login: but a certificate may go beside it."""
    sound, auth = config.target.get(name), table.get("auth")
    mtls = isinstance(auth, dict) and auth.get("type") == "mtls"
    if auth is not None and not mtls and sound is not None and has_login(sound.address):
        yield Problem(f"{path}.auth", "stands beside a user or password in url", "leave one out")


# warnings


def doubts(config: Config) -> Iterator[Problem]:
    """What loads, and is probably not meant."""
    first: dict[str, str] = {}
    for name, target in config.target.items():
        path = dotted(["target", name])
        other = first.setdefault(target.address, path) if target.kind == "file" else path
        if other != path:
            text = f"is the file of {other} too: both would write and rotate it"
            yield Problem(f"{path}.url", text, "a file of its own", warning=True)
        if target.sign is not None and "{body}" not in getattr(target.sign, "signed", "{body}"):
            text = "does not cover the body: whoever saw one could send any"
            yield Problem(f"{path}.sign.signed", text, 'signed = "{body}"', warning=True)
