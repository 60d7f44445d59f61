"""Answers that are none, or of no use: what becomes of deliveries, and what is told of it."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.deliver.enriching import BARE, FOUND, WHOLE, EnrichStand, bodies, says
from tests.target import GARBAGE, RESET, Answer, ScriptedTarget, answer

NONE_YET = says({"error": "Not Found"}, 404)


# not yet


async def test_not_there_yet(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """404: it is asked again by the delivery's own schedule, and each time is listed as an attempt."""
    api.script = [NONE_YET, NONE_YET]
    enriching.serve(api, target)
    (id,) = await enriching.order()
    await enriching.idle()
    assert await enriching.told(id) == ("pending", 1, "enrich order: answered 404")
    await enriching.go_on(5)
    assert target.requests == []
    await enriching.go_on(300)
    assert bodies(target) == [WHOLE]
    assert (await enriching.delivery(id)).attempts == 3


async def test_there_is_none(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """404 and `missing = "skip"`: nothing is sent, and it is listed why."""
    api.script = [NONE_YET]
    enriching.serve(api, target, missing="skip")
    (id,) = await enriching.order()
    await enriching.idle()
    assert await enriching.told(id) == ("skipped", 0, "enrich order: there is none (404)")
    assert target.requests == []


UNUSABLE: dict[str, tuple[dict[str, Any], Answer | int, str]] = {
    "5xx": ({}, 502, "answered 502"),
    "4xx": ({}, 400, "answered 400"),
    "denied": ({}, 401, "answered 401"),
    "reset": ({}, RESET, "connection broken: Connection reset by peer"),
    "no HTTP": ({}, GARBAGE, "no valid answer"),
    "no JSON": ({}, answer(200, body=b"<html>"), "its body is no JSON"),
    "nothing": ({}, 204, "its body is no JSON"),
    "a redirect": ({}, answer(302, "Location: https://elsewhere.example/"), "none of the api's addresses"),
    "no such key": ({"data": "body.sum"}, FOUND, "data: no such key: sum"),
    "by check": ({"check": "body.total > 4 ? 'fail' : null"}, FOUND, "answered 200, by check"),
    "restart": ({"check": "'restart'"}, FOUND, "answered 200, by check"),
    "too large": ({}, says("x" * (1 << 20)), "what is put is longer than 1 MiB"),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_no_answer_that_can_be_used(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, case: str
) -> None:
    """Whatever goes wrong costs a step of the schedule, and may go well the next time."""
    keys, said, why = UNUSABLE[case]
    # a connection that is cut is tried twice by the client itself
    api.rest = said
    enriching.serve(api, target, **keys)
    (id,) = await enriching.order()
    await enriching.idle()
    state, attempts, error = await enriching.told(id)
    assert (state, attempts) == ("pending", 1)
    assert str(error).startswith("enrich order: ")
    assert why in str(error)
    api.rest = FOUND
    enriching.serve(api, target)
    await enriching.go_on(5)
    assert bodies(target) == [WHOLE]


async def test_other_forms_of_answers(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """`format` says how it is read; what `check` says is what counts."""
    api.script = [answer(404, "Content-Type: text/plain; charset=latin-1", body=b"caf\xe9")]
    enriching.serve(api, target, format="text", check="status == 404 ? 'ok' : null")
    await enriching.order()
    await enriching.idle()
    assert bodies(target) == [{"id": "7", "order": "café"}]


# given up


@pytest.mark.parametrize("on_fail", ["dead", "send"])
async def test_within_is_over(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, on_fail: str
) -> None:
    """The last try comes when `within` is over, be the schedule's next step much later."""
    api.rest = NONE_YET
    enriching.serve(api, target, within="10m", on_fail=on_fail)
    (id,) = await enriching.order()
    await enriching.idle()
    await enriching.go_on(5)
    await enriching.go_on(300)
    assert len(api.requests) == 3
    await enriching.go_on(295)
    assert len(api.requests) == 4
    if on_fail == "dead":
        assert await enriching.told(id) == ("dead", 3, "enrich order: answered 404")
        assert target.requests == []
    else:
        assert (await enriching.delivery(id)).state == "delivered"
        assert bodies(target) == [BARE]


@pytest.mark.parametrize("on_fail", ["dead", "send"])
async def test_the_schedule_is_used_up(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, on_fail: str
) -> None:
    """Where no step is left, it is given up before `within` is over."""
    api.rest = 500
    enriching.serve(api, target, on_fail=on_fail)
    enriching.open(target={"box": {"url": target.url, "retry": {"schedule": ["5s"]}}})
    (id,) = await enriching.order()
    await enriching.idle()
    await enriching.go_on(5)
    assert len(api.requests) == 2
    assert bodies(target) == ([BARE] if on_fail == "send" else [])
    assert (await enriching.delivery(id)).state == ("delivered" if on_fail == "send" else "dead")


async def test_who_comes_late_is_asked_for_once(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """A delivery that waited for its target until `within` was over goes out whole where that can be had."""
    await target.close()
    enriching.serve(api, target, within="10m")
    ids = await enriching.order(count=100)
    await enriching.idle()
    await enriching.go_on(3600)
    await target.open()
    for _ in range(100):
        await enriching.go_on(10)
        if await enriching.states(ids) == {"delivered"}:
            break
    assert await enriching.states(ids) == {"delivered"}
    assert bodies(target) == [WHOLE] * 100


# what is told


async def test_no_secret_is_told(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """An answer that repeats what proved us is not repeated once more."""
    token = "tok-Zq81-secret"
    api.rest = Answer(f"HTTP/1.1 500 {token}\r\nContent-Length: 0\r\n\r\n".encode())
    table = {"url": f"http://127.0.0.1:{api.port}", "auth": {"type": "bearer", "token": token}}
    enriching.serve(api, target, data="{'a': 1}[body.token]")
    enriching.open(api={"shop": table})
    with capture_logs() as lines:
        (id,) = await enriching.order()
        await enriching.idle()
        api.rest = says({"token": token})
        await enriching.go_on(5)
    seen = [str((await enriching.delivery(id)).history), json.dumps(lines, default=str)]
    assert (await enriching.delivery(id)).attempts == 2
    assert api.requests[0].value("Authorization") == f"Bearer {token}"
    assert not [text for text in seen if token in text]


async def test_failures_are_logged_once_in_a_while(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Not for each event; how many were not told is."""
    api.rest = 500
    enriching.serve(api, target)
    with capture_logs() as lines:
        await enriching.order(count=20)
        await enriching.idle()
        await enriching.go_on(5)
        await enriching.go_on(300)
    failed = [line for line in lines if line["event"] == "enrich.failed"]
    assert [(line["enrich"], line["error"], line.get("more")) for line in failed] == [
        ("order", "answered 500", None),
        ("order", "answered 500", 39),
    ]
