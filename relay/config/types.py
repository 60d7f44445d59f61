"""The small words of the file: durations, sizes, rates, listeners, networks, names.

Each is text in the file and a plain value in memory. Code that builds a config without a file (no `Place` as
validation context) may give the plain values themselves.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

SHOWN: Final = 100
"""Characters of a wrong value that an error shows."""
FAULT: Final = "relay"
"""The type of a validation error that says what is wrong in our own words."""


def fault(text: str, hint: str = "") -> PydanticCustomError:
    """A value cannot be used: what is wrong with it, and what to do."""
    return PydanticCustomError(FAULT, "{text}", {"text": text, "hint": hint})


def quoted(text: str) -> str:
    """What the file says, fit for one line of an error."""
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return '"' + "".join(char if char.isprintable() else "?" for char in shown) + '"'


@dataclass(frozen=True, slots=True)
class Place:
    """What a file is read beside: the folder of its relative paths, and where its secrets are."""

    folder: Path
    checking: bool = False
    """`relay check`: a systemd credential need not be there."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)


def _code(value: object, info: ValidationInfo) -> bool:
    """Whether `value` is a number given by code, not by a file."""
    return info.context is None and isinstance(value, int | float) and not isinstance(value, bool)


# durations

SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST: Final = 36_500 * 86400.0
"""A hundred years in seconds: any time plus a duration fits 64 bits of microseconds."""
_DURATION: Final = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)"


def parse_duration(text: str) -> float:
    """The seconds of `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"`."""
    match = re.fullmatch(_DURATION, text)
    if match is None:
        raise fault(f"{quoted(text)} is no duration", 'such as "500ms", "30s", "5m", "2h", "7d"')
    # a thousandth has no exact float: divide, so that "100ms" is 0.1
    seconds = float(match[1]) / 1000 if match[2] == "ms" else float(match[1]) * SECONDS[match[2]]
    if seconds > LONGEST:
        raise fault(f"{quoted(text)} is longer than a hundred years")
    return seconds


def _duration(value: object, info: ValidationInfo) -> float:
    if isinstance(value, str):
        return parse_duration(value)
    if _code(value, info):
        return float(value)  # type: ignore[arg-type]  # _code saw a number
    raise fault("a duration is text with its unit", 'such as "500ms", "30s", "5m", "2h", "7d"')


def _positive(value: float) -> float:
    if value <= 0:
        raise fault("must be more than nothing")
    return value


Duration = Annotated[
    float, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$"})
]
"""Seconds."""
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]


# sizes

BYTES: Final = {
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_SIZE: Final = r"([0-9]{1,6})(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)"


def parse_size(text: str) -> int:
    """The bytes of `"64KiB"`, `"10MiB"`, `"1GB"`."""
    match = re.fullmatch(_SIZE, text)
    if match is None:
        raise fault(f"{quoted(text)} is no size", 'such as "64KiB", "10MiB", "1GiB"')
    return int(match[1]) * BYTES[match[2]]


def _size(value: object, info: ValidationInfo) -> int:
    if isinstance(value, str):
        return parse_size(value)
    if _code(value, info):
        return int(value)  # type: ignore[call-overload,no-any-return]  # _code saw a number
    raise fault("a size is text with its unit", 'such as "64KiB", "10MiB", "1GiB"')


Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": f"^{_SIZE}$"})]
"""Bytes."""
PositiveSize = Annotated[Size, AfterValidator(_positive)]


# rates

_RATE: Final = r"([0-9]{1,9})/([smhd])"


def parse_rate(text: str) -> float:
    """How many a second `"50/s"`, `"600/m"`, `"4000/h"`, `"90000/d"` are."""
    match = re.fullmatch(_RATE, text)
    if match is None:
        raise fault(f"{quoted(text)} is no rate", 'such as "50/s", "600/m", "4000/h", "90000/d"')
    if int(match[1]) == 0:
        raise fault("a rate of nothing would never deliver", "relay pause TARGET stops a target")
    return int(match[1]) / SECONDS[match[2]]


def _rate(value: object, info: ValidationInfo) -> float:
    if isinstance(value, str):
        return parse_rate(value)
    if _code(value, info):
        return float(value)  # type: ignore[arg-type]  # _code saw a number
    raise fault("a rate is text: how many, and in what time", 'such as "50/s", "600/m"')


Rate = Annotated[float, BeforeValidator(_rate), WithJsonSchema({"type": "string", "pattern": f"^{_RATE}$"})]
"""How many a second."""


# listeners

UNIX_PATH_BYTES: Final = 107
"""The longest path of a unix socket on Linux (unix(7): 108 with its NUL)."""
_LISTEN_HINT: Final = 'such as "127.0.0.1:8080", "[::1]:8080", "unix:/run/relay/http.sock"'


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a server listens: at a host and port, or at a unix socket's path."""

    host: str = ""
    port: int = 0
    """0: any that is free."""
    path: Path | None = None
    """Of a unix socket; absolute where a file was read."""

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, folder: Path = Path()) -> "Listen":
        """The listener `text` names; a relative socket is in `folder`."""
        if text.startswith("unix:"):
            return cls(path=_socket(text.removeprefix("unix:"), folder))
        match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})", text)
        if match is None or int(match[3]) > 65535:
            raise fault(f"{quoted(text)} is no place to listen", _LISTEN_HINT)
        return cls(match[1] or match[2], int(match[3]))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            _listen, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^(unix:.+|.+:[0-9]{1,5})$"}


def _socket(text: str, folder: Path) -> Path:
    path = folder / text
    if not text or "\0" in text:
        raise fault("names no socket", _LISTEN_HINT)
    if len(os.fsencode(path)) > UNIX_PATH_BYTES:
        raise fault(f"the socket's path is longer than {UNIX_PATH_BYTES} bytes", "unix sockets allow no more")
    return path


def _listen(value: object, info: ValidationInfo) -> Listen:
    if isinstance(value, Listen):
        return value
    if not isinstance(value, str):
        raise fault("where to listen is text", _LISTEN_HINT)
    return Listen.parse(value, info.context.folder if info.context is not None else Path())


# networks

Network = IPv4Network | IPv6Network


def _network(value: object) -> Network:
    hint = 'such as "10.0.0.0/8", "192.0.2.7", "fd00::/8"'
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise fault("a network is text", hint)
    try:
        return ip_network(value)
    except ValueError:
        raise fault(f"{quoted(value)} is no network", _without_host_bits(value) or hint) from None


def _without_host_bits(text: str) -> str:
    try:
        return f'did you mean "{ip_network(text, strict=False)}"?'
    except ValueError:
        return ""


Networks = tuple[
    Annotated[
        Network,
        BeforeValidator(_network),
        PlainSerializer(str),
        WithJsonSchema({"type": "string", "pattern": r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"}),
    ],
    ...,
]


# names

_NAME: Final = "[a-z0-9][a-z0-9_-]{0,79}"
OWN_NAME_HINT: Final = "relay's own events have that name"


def _name(value: str) -> str:
    if not re.fullmatch(_NAME, value):
        raise fault(
            "is no name", "lower-case letters, digits, - and _, beginning with a letter or digit, at most 80"
        )
    return value


def _source_name(value: str) -> str:
    if value == "relay":
        raise fault("no source may be called relay", OWN_NAME_HINT)
    return value


Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})]
SourceName = Annotated[
    Name,
    AfterValidator(_source_name),
    WithJsonSchema({"type": "string", "pattern": f"^(?!relay$){_NAME}$"}),
]
