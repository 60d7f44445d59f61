"""Write the vector files of the presets that are named: `python -m tests.oracles.python stripe slack`."""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.oracles.python.case import Case, Large, Request, Vectors, text_or_base64

VECTORS: Final = Path(__file__).parents[2] / "receive" / "providers" / "vectors"


def main() -> None:
    VECTORS.mkdir(exist_ok=True)
    for name in sys.argv[1:]:
        vectors: Vectors = import_module(f"tests.oracles.python.{name.replace('-', '_')}").VECTORS
        (VECTORS / f"{vectors.provider}.json").write_text(document(vectors), encoding="utf-8")


def document(vectors: Vectors) -> str:
    """The file: what is compared at a glance stands on one line."""
    head: dict[str, Any] = {"provider": vectors.provider, "oracle": vectors.oracle}
    if vectors.why:
        head["why"] = vectors.why
    if vectors.pems:
        head["pem"] = dict(vectors.pems)
    cases = ",\n".join(f"    {{{_lines(_case(vectors, case))}}}" for case in vectors.cases)
    start = ",\n".join(f"  {_json(key)}: {_json(value)}" for key, value in head.items())
    return f'{{\n{start},\n  "cases": [\n{cases}\n  ]\n}}\n'


def _lines(case: dict[str, Any]) -> str:
    return ",\n     ".join(f"{_json(key)}: {_json(value)}" for key, value in case.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _case(vectors: Vectors, case: Case) -> dict[str, Any]:
    verdict, raised = _verdict(vectors, case)
    _argued(vectors, case, verdict)
    return {
        "case": case.name,
        "config": _named(vectors, case.config),
        **_given("public_url", case.public_url),
        "now": case.now,
        "request": _request(vectors.provider, case.request),
        **_given("fetch", _named(vectors, case.fetch) if case.fetch is not None else None),
        "oracle": verdict,
        **_given("why", case.why or raised or None),
        "expect": dict(case.expect),
        **_given("same_as", case.same_as or None),
        **_given("differs_from", case.differs_from or None),
    }


def _named(vectors: Vectors, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, its certificates by name."""
    names = {pem: name for name, pem in vectors.pems.items()}
    known = {key: names.get(value) if isinstance(value, str) else None for key, value in values.items()}
    return {key: {"pem": known[key]} if known[key] else value for key, value in values.items()}


def _verdict(vectors: Vectors, case: Case) -> tuple[bool | None, str]:
    """An SDK that fails in a way of its own does not take the request; what it raised is told."""
    if vectors.judge is None or not case.judged:
        return None, ""
    try:
        return vectors.judge(case), ""
    except Exception as error:  # noqa: BLE001  # whatever a stranger's code raises
        return False, f"the SDK raises {type(error).__name__}"


def _given(key: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {key: value}


def _argued(vectors: Vectors, case: Case, verdict: bool | None) -> None:
    """Where the expectation is not simply the oracle's verdict, the case has to say why."""
    agreed = verdict is not None and verdict == (case.expect.get("status", 400) < 300)
    if vectors.judge and not agreed and not case.why:
        sys.exit(f"{vectors.provider}: {case.name}: the oracle says {verdict}, expected is {case.expect}")


def _request(provider: str, request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": f"/in/{provider}",
        "query": request.query,
        "headers": [[name, text_or_base64(value)] for name, value in request.headers],
        "body": _body(request.written),
    }


def _body(body: bytes | Large) -> Any:
    if isinstance(body, bytes):
        return text_or_base64(body)
    return dict(_pieces(body))


def _pieces(body: Large) -> Iterator[tuple[str, Any]]:
    yield from (("prefix", body.prefix.decode()), ("repeat", body.repeat))
    yield from (("times", body.times), ("suffix", body.suffix.decode()))


main()
