"""What today's file makes of a kept event, where little of it is known."""

from pathlib import Path
from typing import Any

from relay.cli.plans import Plans, RoutePlan
from relay.parts import load_parts
from tests.cli.conftest import DRY_ALL, DRY_BOX, DRY_HEAD

BODY = '{"id": "7"}'


def event(*deliveries: tuple[str, str], **parts: Any) -> dict[str, Any]:
    """As `GET events/ID` shows it; `deliveries`: route and target."""
    return {
        "id": "e", "key": "7", "source": "demo", "type": "t", "via": "webhook", "body": BODY,
        "received_at": "2026-11-21T16:36:43.000001Z", "occurred_at": None, "headers": [],
        "deliveries": [
            {"id": f"e-{n}", "route": route, "target": target, "attempts": 0}
            for n, (route, target) in enumerate(deliveries, 1)
        ],
    } | parts  # fmt: skip


async def plans(folder: Path, document: dict[str, Any], *tables: str) -> list[RoutePlan]:
    """By a file of these tables."""
    file = folder / "relay.toml"
    file.write_text(DRY_HEAD + DRY_BOX + DRY_ALL + "\n".join(tables))
    return await Plans(*load_parts(file, checking=True), {}).of_kept(document)


async def test_an_item_that_cannot_be_used(tmp_path: Path) -> None:
    """It is of no route of the file's, and never was."""
    *_, last = await plans(tmp_path, event(("all", "box"), ("poll:orders", "")))
    assert (last.route, last.why, last.deliveries) == (
        "poll:orders", "an item that cannot be used, which is only kept", (),
    )  # fmt: skip


async def test_a_filter_that_failed(tmp_path: Path) -> None:
    """What `on_error` sent as it came goes as it came, and not in the route's shape."""
    bare = 'when = "body.nope"\non_error = "send"\ntransform = "1"\n'
    (all_,) = await plans(tmp_path, event(("all", "box")), bare)
    (owed,) = all_.deliveries
    assert (all_.taken, owed.outgoing and owed.outgoing.body) == (True, BODY.encode())
    file = load_parts(tmp_path / "relay.toml", checking=True)
    ((_, tried),) = await Plans(*file, {}).of_attempts(event(("all", "box")))
    assert tried is not None
    assert tried.outgoing is not None
    assert tried.outgoing.body == BODY.encode()


async def test_when_it_happened(tmp_path: Path) -> None:
    """As far as the sender said it, exactly."""
    document = event(("all", "box"), occurred_at="2026-11-21T16:00:00.000007Z")
    (all_,) = await plans(tmp_path, document, 'transform = "[event.time, event.received]"')
    sent = all_.deliveries[0].outgoing
    assert sent is not None
    assert sent.body == b'["2026-11-21T16:00:00.000007Z","2026-11-21T16:36:43.000001Z"]'


async def test_what_is_masked(tmp_path: Path) -> None:
    """What proved the sender is not there; what else is masked stays so."""
    headers = [["Authorization", "***"], ["X-Other", "***"], ["X-Plain", "a"]]
    (all_,) = await plans(tmp_path, event(("all", "box"), headers=headers), "transform = 'headers'")
    sent = all_.deliveries[0].outgoing
    assert sent is not None
    told = dict(sent.headers)
    assert ("Authorization" in told, told["X-Other"], told["X-Plain"]) == (False, "***", "a")
    assert sent.body == b'{"authorization":"\\u0000","x-other":"***","x-plain":"a"}'


async def test_the_query_is_not_known(tmp_path: Path) -> None:
    """It is said where a route looks at it."""
    (all_,) = await plans(tmp_path, event(), 'when = \'get(query, "a", "") == "1"\'')
    assert all_.why == "when is false (its query is not known here)"
    (all_,) = await plans(tmp_path, event(("all", "box")), 'when = \'get(query, "a", "") == "1"\'')
    why = "taken when it came; today it would not be: when is false (its query is not known here)"
    assert all_.why == why
