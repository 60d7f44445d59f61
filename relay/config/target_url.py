"""Where targets are: http(s)://…, `log:`, a program, a file, a broker. No error shows any of it."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from relay.config.secret import HINT, Secret, read
from relay.config.types import fault
from relay.config.url import http_parts

KINDS: Final = {
    "http": "http",
    "https": "http",
    "log": "log",
    "exec": "exec",
    "file": "file",
    "nats": "nats",
    "tls": "nats",
    "amqp": "amqp",
    "amqps": "amqp",
    "kafka": "kafka",
    "redis": "redis",
    "rediss": "redis",
}
"""What a target is, by the scheme of its url."""
ENCRYPTED: Final = {"http": "https", "nats": "tls", "amqp": "amqps", "redis": "rediss"}
"""The scheme by which each kind is reached over TLS."""
EXAMPLES: Final = {
    "http": "http://HOST:PORT/PATH",
    "https": "https://HOST/PATH",
    "log": "log:",
    "exec": "exec:/PATH/OF/PROGRAM",
    "file": "file:/PATH/events.jsonl",
    "nats": "nats://HOST:4222",
    "tls": "tls://HOST:4222",
    "amqp": "amqp://HOST:5672/VHOST",
    "amqps": "amqps://HOST:5671/VHOST",
    "kafka": "kafka://HOST:9092,HOST:9092",
    "redis": "redis://HOST:6379/DB",
    "rediss": "rediss://HOST:6379/DB",
}
STAND_IN: Final = "http://missing.invalid/"
"""The url of a target whose credential is not there (in `relay check` only)."""

NOWHERE: Final = "is no address of a target"
ANY: Final = "https://HOST/PATH, log:, exec:/PATH, file:/PATH, or a broker: nats:// amqp:// kafka:// redis://"
_HOST: Final = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?"
_BROKER: Final = re.compile(
    rf"//(?P<login>[A-Za-z0-9._~!$&'()*+,;=:%-]*@)?(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<path>/[^\x00-\x20\x7f?#]*)?"
)
_PATHS: Final = {
    "nats": ("", "takes no path", "subject says where a message goes"),
    "kafka": ("", "takes no path", "topic says where a message goes"),
    "amqp": ("[^/]*", "the path of its url is one vhost", "a / in its name stands as %2F"),
    "redis": ("[0-9]{0,5}", "the path of its url is the number of a database", EXAMPLES["redis"]),
}
"""By kind: what may follow the `/`, and what to say of anything else."""


def target_url(value: object, info: ValidationInfo) -> str | Secret:
    """A Secret where it is one, or holds a login. Of a program or a file the path is absolute."""
    folder = info.context.folder if info.context is not None else Path()
    if isinstance(value, str):
        text = _usable(value, folder)
        return Secret(text, plain=True) if has_login(text) else text
    if not isinstance(value, dict | Secret):
        raise fault("is no url", f"a text, or {HINT}")
    secret = read(value, info)
    if secret.missing:
        return Secret(STAND_IN, missing=True)
    return Secret(_usable(secret.reveal(), folder), plain=secret.plain)


def scheme_of(text: str) -> str | None:
    """The scheme of a target's url; None where it is none of them."""
    scheme, colon, _ = text.partition(":")
    return scheme.lower() if colon and scheme.lower() in KINDS else None


def has_login(text: str) -> bool:
    """Whether user and password stand in a url."""
    return "@" in urlsplit(text).netloc


def _usable(text: str, folder: Path) -> str:
    scheme = scheme_of(text)
    if scheme is None:
        raise fault(NOWHERE, ANY)
    rest = text.partition(":")[2]
    match KINDS[scheme]:
        case "http":
            if http_parts(text) is None:
                raise fault(NOWHERE, EXAMPLES[scheme])
            return text
        case "log":
            if rest:
                raise fault(NOWHERE, EXAMPLES[scheme])
        case "exec" | "file":
            return f"{scheme}:{_path(scheme, rest, folder)}"
        case kind:
            _check_broker(scheme, kind, rest)
    return f"{scheme}:{rest}"


def _path(scheme: str, text: str, folder: Path) -> Path:
    """A path as it stands, nothing in it is encoded; `file:///PATH` is another way to write `file:/PATH`."""
    if text.startswith("//"):
        if not text.startswith("///"):
            raise fault("names a host", f"of this machine: {EXAMPLES[scheme]}")
        text = text[2:]
    path = folder / text
    if re.search(r"[\x00-\x1f\x7f]", text) or text.endswith("/") or path.name in {"", ".."} or not text:
        raise fault(f"names no {'program' if scheme == 'exec' else 'file'}", EXAMPLES[scheme])
    return path.absolute()


def _check_broker(scheme: str, kind: str, rest: str) -> None:
    found = _BROKER.fullmatch(rest)
    if found is None or not all(map(_usable_host, found["hosts"].split(","))):
        hint = "" if "@" not in rest else "; in a login all but letters and digits is percent-encoded"
        raise fault(NOWHERE, f"{EXAMPLES[scheme]}{hint}")
    if "," in found["hosts"] and kind != "kafka":
        raise fault("names several hosts", f"it takes one: {EXAMPLES[scheme]}")
    pattern, text, hint = _PATHS[kind]
    if not re.fullmatch(pattern, (found["path"] or "/")[1:]):
        raise fault(text, hint)


def _usable_host(text: str) -> bool:
    try:
        parts = urlsplit(f"//{text}")
        if parts.port == 0:
            return False
        return not text.startswith("[") or ip_address(parts.hostname or "").version == 6
    except ValueError:  # a port of more than 65535, brackets around what is no address
        return False
