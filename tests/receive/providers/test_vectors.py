"""Every preset gives its provider's own verdict, and the status of the contract, over a real listener."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from relay.clock import SECOND
from relay.config.schema import Config, SourceConfig
from relay.receive.providers.known import build
from relay.receive.providers.preset import presets
from relay.receive.providers.protocol import Identity, Request
from relay.receive.source import open_sources
from relay.store.protocol import EventView
from tests.clock import ManualClock
from tests.receive.providers import vectors
from tests.receive.stand import Stand
from tests.receive.wire import Said


class Elsewhere:
    """What the provider's own servers would give, as a case says it; and what they were asked."""

    def __init__(self) -> None:
        self.case: vectors.Case = {}
        self.asked: list[str] = []

    async def fetch(self, url: str, within: float, *, keep: bool = True) -> bytes | None:
        assert within > 0
        self.asked.append(url)
        if url == self.case["expect"].get("confirms"):
            return b"<ConfirmSubscriptionResponse/>"
        found: str | None = self.case.get("fetch", {}).get(url)
        return None if found is None else found.encode()


@pytest.mark.parametrize("name", vectors.NAMES)
async def test_verdicts(tmp_path: Path, name: str) -> None:
    """Each case: the status, and what the event is called, or what the handshake is answered."""
    wrong = []
    elsewhere = Elsewhere()
    async with Stand(tmp_path, ManualClock(SECOND), elsewhere) as stand:
        for title in vectors.cases(name):
            wrong += [f"{title}: {fault}" for fault in await judge(stand, elsewhere, name, title)]
    assert not wrong, "\n".join(wrong)


async def judge(stand: Stand, elsewhere: Elsewhere, name: str, title: str) -> list[str]:
    """What is not as a case expects it."""
    cases = vectors.cases(name)
    case = cases[title]
    other = case.get("same_as") or case.get("differs_from")
    source = open_source(stand, name, case, list(cases).index(title))
    first = await ask(stand, elsewhere, cases[other], name, source) if other else None
    open_source(stand, name, case, list(cases).index(title))
    before = {event.id for event in await stand.events()}
    said = await ask(stand, elsewhere, case, name, source)
    stored = [event for event in await stand.events() if event.id not in before]
    return [*faults(case, said, stored, first), *visits(case, elsewhere)]


def open_source(stand: Stand, name: str, case: vectors.Case, number: int) -> str:
    """A source of its own for each case, at the preset's path; the clock at the case's time."""
    source = f"s{number}"
    table = {**vectors.table(name, case), "path": f"/in/{name}"}
    server = {"public_url": case["public_url"]} if case.get("public_url") else {}
    config = Config.model_validate({"server": server, "source": {source: table}})
    opened, problems = open_sources(config)
    assert not problems, problems
    stand.receiver.open(opened, (), config.server.max_inflight)
    return source


async def ask(stand: Stand, elsewhere: Elsewhere, case: vectors.Case, name: str, _source: str) -> Said:
    elsewhere.case, elsewhere.asked = case, []
    stand.clock.set(case["now"] * SECOND)
    return await stand.ask(vectors.raw(case, f"/in/{name}"))


def faults(case: vectors.Case, said: Said, stored: list[EventView], first: Said | None) -> list[str]:
    expect: Mapping[str, Any] = case["expect"]
    found = []
    if said.status != expect.get("status", said.status):
        return [f"status {said.status} instead of {expect['status']}"]
    if first is not None:
        found += related(case, said, stored, first)
    elif said.status in {200, 202} and "answer" not in expect and expect.get("stored") is not False:
        found += [] if stored else ["nothing was stored"]
    if (expect.get("stored") is False or said.status >= 400) and stored:
        found.append("something was stored")
    if "answer" in expect:
        found += answer(expect["answer"], said)
    return found + (named(expect, stored[0]) if stored else []) + listed(expect, stored)


def related(case: vectors.Case, said: Said, stored: list[EventView], first: Said) -> list[str]:
    """A duplicate is answered with the first one's id, and is not stored; another event is."""
    same = said.headers.get("Relay-Duplicate") == "true"
    if "same_as" in case:
        ids = said.headers.get("Relay-Event-Id") == first.headers.get("Relay-Event-Id")
        return [] if same and ids and not stored else ["was no duplicate"]
    return ["was a duplicate"] if same or not stored else []


def answer(expect: Mapping[str, Any], said: Said) -> list[str]:
    found = []
    if "body" in expect and not same_content(expect, said.body):
        found.append(f"answer {said.body!r}")
    if "type" in expect and said.headers.get("Content-Type", "").partition(";")[0] != expect["type"]:
        found.append(f"Content-Type {said.headers.get('Content-Type')}")
    for name, value in expect.get("headers", ()):
        if said.headers.get(name) != value:
            found.append(f"{name}: {said.headers.get(name)}")
    found += [f"{name} is there" for name in expect.get("absent", ()) if name in said.headers]
    if said.status == 200 and said.headers.get("X-Content-Type-Options") != "nosniff":
        found.append("no nosniff")
    return found


def same_content(expect: Mapping[str, Any], given: bytes) -> bool:
    told = vectors.content(expect["body"])
    if expect.get("type") == "application/json":
        return bool(orjson.loads(told) == orjson.loads(given))
    return told == given


def named(expect: Mapping[str, Any], event: EventView) -> list[str]:
    """What the event is called."""
    found = []
    for key, value in (("key", event.key), ("type", event.type), ("time", event.occurred_at)):
        told = expect.get(key, ...)
        if key == "time" and told not in (..., None):
            told = round(told * SECOND)
        if told is not ... and told != value:
            found.append(f"{key} {value!r} instead of {told!r}")
    return found


def listed(expect: Mapping[str, Any], stored: list[EventView]) -> list[str]:
    """The events of a batch, in order."""
    told = list({event["key"]: event for event in expect.get("events", ())}.values())
    count = expect.get("count", len(told))
    if count and len(stored) != count:
        return [f"{len(stored)} events instead of {count}"]
    if not told:
        return []
    pairs = zip(told, reversed(stored), strict=True)
    return [fault for each, event in pairs for fault in named(each, event)]


def visits(case: vectors.Case, elsewhere: Elsewhere) -> list[str]:
    """A subscription is confirmed exactly once, at the address that was signed, and nothing else is asked."""
    url = case["expect"].get("confirms")
    known = {*case.get("fetch", {}), url}
    found = [f"asked {asked}" for asked in elsewhere.asked if asked not in known]
    confirmed = elsewhere.asked.count(url) if url else 1
    return found + ([] if confirmed == 1 else [f"confirmed {confirmed} times"])


@pytest.mark.parametrize("name", vectors.NAMES)
def test_aliases(name: str) -> None:
    """The further names of an event are those that its gap poll will know it by."""
    for title, case in vectors.cases(name).items():
        if "also" not in case["expect"]:
            continue
        source = build(name, SourceConfig.model_validate(vectors.table(name, case)), case.get("public_url"))
        assert not isinstance(source, list), source
        asked = case["request"]
        request = Request(
            "POST",
            asked["path"],
            asked.get("query", ""),
            vectors.headers(case),
            vectors.content(asked["body"]),
        )
        identity = source.identify(request)
        assert isinstance(identity, Identity), title
        assert list(identity.also) == case["expect"]["also"], title


def test_every_preset_has_vectors() -> None:
    """No preset is without its table of cases."""
    assert {name for name, _ in presets()} == set(vectors.NAMES)
