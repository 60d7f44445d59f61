"""Requests with the verdicts of the providers' own SDKs on them (`vectors/`, made by `tests/oracles/`)."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from relay.config.pem import Pem
from relay.event import Headers

FOLDER: Final = Path(__file__).parent / "vectors"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.json"))
Case = Mapping[str, Any]


@cache
def cases(name: str) -> dict[str, Case]:
    """The cases of one preset, by what they are about."""
    document = json.loads((FOLDER / f"{name}.json").read_text())
    pem = document.get("pem", {})
    return {
        case["case"]: {**case, "fetch": _fetch(case, pem), "trust": _trust(case, pem)}
        for case in document["cases"]
    }


def _fetch(case: Case, pem: Mapping[str, str]) -> dict[str, str | None]:
    """What each address would deliver; None: nothing."""
    return {url: _text(given, pem) for url, given in case.get("fetch", {}).items()}


def _trust(case: Case, pem: Mapping[str, str]) -> str | None:
    return _text(case.get("config", {}).get("trust"), pem)


def _text(given: Any, pem: Mapping[str, str]) -> str | None:
    """A certificate that stands there, or is named."""
    found: str | None = pem[given["pem"]] if isinstance(given, dict) else given
    return found


def content(value: Any) -> bytes:
    """A header's value or a body: text, `base64`, or a long one as `prefix`, `repeat`, `times`, `suffix`."""
    match value:
        case str():
            return value.encode()
        case {"base64": str(text)}:
            return base64.b64decode(text)
        case {"repeat": str(text), "times": int(times), **ends}:
            return (str(ends.get("prefix", "")) + text * times + str(ends.get("suffix", ""))).encode()
    raise TypeError(value)


def headers(case: Case) -> Headers:
    return tuple((name.encode(), content(value)) for name, value in case["request"].get("headers", []))


def raw(case: Case, path: str) -> bytes:
    """The request as it goes over the wire, to `path` in place of its own."""
    asked = case["request"]
    body = content(asked.get("body", ""))
    target = path + (f"?{asked['query']}" if asked.get("query") else "")
    lines = [f"{asked['method']} {target} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in headers(case)]
    if not any(name.lower() == b"host" for name, _ in headers(case)):
        lines.append(b"Host: hooks.example.com")
    lines += [b"Content-Length: %d" % len(body)] if body or asked["method"] == "POST" else []
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def table(name: str, case: Case) -> dict[str, Any]:
    """The `[source.X]` of a case."""
    config = dict(case.get("config", {}))
    if case["trust"]:
        config["trust"] = Pem(case["trust"].encode())
    return {"provider": name, **config}
