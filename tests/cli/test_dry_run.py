"""`relay send --dry-run`: which routes take an event and why, and what each target would get."""

import json
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import DRY_ALL as ALL
from tests.cli.conftest import DRY_BODY as BODY
from tests.cli.conftest import DRY_BOX as BOX
from tests.cli.conftest import Done, DryRoutes, Relay


def shown(done: Done) -> list[str]:
    """Route by route what became of it."""
    assert done.code == 0, done.err
    return [line for line in done.out.splitlines() if line.startswith("route ")]


# which routes


def test_each_route_says_why(dry: Relay, dry_routes: DryRoutes) -> None:
    """In the order of the file: taken or not."""
    tables = [
        BOX,
        '[source.hub]\nverify = "none"\nid = "digest"',
        '[route.rest]\nfrom = "*"\nunrouted = true\nto = "box"',
        '[route.hub]\nfrom = ["hub", "h*"]\nto = "box"',
        '[route.small]\nfrom = "demo"\nwhen = \'body.type == "small"\'\nto = "box"',
        '[route.some]\nfrom = "d*"\nwhen = \'event.type.startsWith("order.")\'\nto = "box"',
        '[route.bad]\nfrom = "demo"\nwhen = "body.nope > 1"\nto = "box"',
        '[route.skips]\nfrom = "demo"\nwhen = "body.nope > 1"\non_error = "skip"\nto = "box"',
        '[route.sends]\nfrom = "demo"\nwhen = "body.nope > 1"\non_error = "send"\nto = "box"',
        '[route.null]\nfrom = "demo"\ntransform = "null"\nto = "box"',
        '[route.alerts]\nfrom = "relay"\nto = "box"',
    ]
    why = "when failed: no such key: nope: "
    assert shown(dry(*tables)) == [
        'route rest: not taken: unrouted: "some", "bad", "skips", "sends", "null" take it',
        'route hub: not taken: from does not match: "hub", "h*"',
        "route small: not taken: when is false",
        "route some: taken",
        f"route bad: not taken: {why}dead",
        f"route skips: not taken: {why}skipped",
        f"route sends: {why}sent as it came",
        "route null: taken",
        'route alerts: not taken: from does not match: "relay"',
    ]
    found = dry_routes(*tables)
    assert {name: route["taken"] for name, route in found.items() if route["taken"]} == dict.fromkeys(
        ["some", "sends", "null"], True
    )
    states = {
        name: (one["state"], one["reason"]) for name, route in found.items() for one in route["deliveries"]
    }
    assert states == {
        "some": ("pending", None),
        "bad": ("dead", "when: no such key: nope"),
        "skips": ("skipped", "when: no such key: nope"),
        "sends": ("pending", None),
        "null": ("skipped", "the transform gives null"),
    }


def test_what_no_other_route_takes(dry: Relay) -> None:
    """Goes to the one for the rest; without such a one it is kept, unrouted."""
    never = '[route.never]\nfrom = "demo"\nwhen = "false"\nto = "box"\n'
    done = dry(BOX, never, '[route.rest]\nfrom = "*"\nunrouted = true\nto = "box"')
    assert shown(done) == ["route never: not taken: when is false", "route rest: taken"]
    few = '[route.few]\nfrom = "*"\nunrouted = true\nwhen = "false"\nto = "box"'
    done = dry(BOX, never, few, '[route.rest]\nfrom = "*"\nunrouted = true\nto = "box"')
    assert shown(done)[1:] == ["route few: not taken: when is false", "route rest: taken"]
    assert dry(BOX, never).out.splitlines()[-1] == "no route takes it: it would be kept, unrouted"


def test_the_event_is_told(dry: Relay) -> None:
    """Its names as expressions and filters see them."""
    assert dry(BOX, ALL).out.splitlines()[0] == "an event of demo: type order.paid, key 7"
    document = json.loads(dry(BOX, ALL, words=("--json",)).out)["event"]
    document.pop("received_at")
    assert document == {
        "id": "0" * 20, "key": "7", "source": "demo", "type": "order.paid", "via": "webhook",
        "occurred_at": None, "size": len(BODY),
    }  # fmt: skip


# what each target would get


def test_the_request_as_it_would_be_sent(dry: Relay, dry_routes: DryRoutes) -> None:
    """Method, url, headers, body: of the first attempt, for people as for programs."""
    shape = 'transform = \'{"n": body.id, "lines": body.lines}\'\npath = "/o/${body.id}"\n'
    tables = (BOX, ALL, shape, "[route.all.headers]\nX-Order = 'body.id + \"!\"'\n")
    lines = dry(*tables).out.splitlines()
    begin = lines.index("  → box") + 1
    trace = next(line for line in lines if line.startswith("    traceparent: 00-"))
    assert lines[begin:] == [
        "    POST https://box.example/hooks/o/7?a=1",
        "    Content-Type: application/json",
        f"    Relay-Event-Id: {'0' * 20}",
        "    Relay-Source: demo",
        "    Relay-Type: order.paid",
        "    Relay-Attempt: 1",
        f"    Idempotency-Key: {'0' * 20}-1",
        trace,
        "    X-Order: 7!",
        "",
        '    {"lines":[1,2.5],"n":"7"}',
        "",
    ]
    (delivery,) = dry_routes(*tables)["all"]["deliveries"]
    assert (delivery["id"], delivery["target"], delivery["order"]) == (f"{'0' * 20}-1", "box", None)
    request = delivery["request"]
    assert (request["kind"], request["method"], request["url"], request["body"]) == (
        "http", "POST", "https://box.example/hooks/o/7?a=1", '{"lines":[1,2.5],"n":"7"}',
    )  # fmt: skip
    headers = [f"    {name}: {value}" for name, value in request["headers"] if name != "traceparent"]
    assert headers == [line for line in lines[begin + 1 : begin + 9] if line != trace]


def test_a_batch_is_said_to_be_one(dry: Relay, dry_routes: DryRoutes) -> None:
    """With the body as it stands in the array, and the headers of the batch."""
    tables = (BOX, 'batch = { max = 50, within = "2s" }', ALL)
    done = dry(*tables)
    assert "    in a batch of up to 50, within 2 s; alone in it:\n    POST https://box" in done.out
    (delivery,) = dry_routes(*tables)["all"]["deliveries"]
    request = delivery["request"]
    assert (request["batch"], request["body"]) == ({"max": 50, "within": 2.0}, f"[{BODY}]")
    assert {name for name, _ in request["headers"]} == {
        "Content-Type", "Relay-Event-Id", "Relay-Attempt", "Idempotency-Key", "traceparent",
    }  # fmt: skip


def test_the_format_and_the_order(dry: Relay, dry_routes: DryRoutes) -> None:
    """The body is a CloudEvent; the key among the target's deliveries is told."""
    tables = (BOX, 'format = "cloudevents"\nordered_by = "body.id"', ALL)
    (delivery,) = dry_routes(*tables)["all"]["deliveries"]
    event = json.loads(delivery["request"]["body"])
    assert (event["source"], event["data"], delivery["order"]) == ("/in/demo", json.loads(BODY), "7")
    assert "  → box, in order of 7\n" in dry(*tables).out


@pytest.mark.parametrize(
    ("table", "state", "reason"),
    [
        ('transform = "body.nope"', "dead", "transform: no such key: nope"),
        ('transform = "body.nope"\non_error = "skip"', "skipped", "transform: no such key: nope"),
        ('path = "/${body.nope}"', "dead", "path: no such key: nope"),
    ],
)
def test_a_shape_that_fails(dry: Relay, dry_routes: DryRoutes, table: str, state: str, reason: str) -> None:
    """There is no request, and the reason is that of the delivery."""
    (delivery,) = dry_routes(BOX, ALL, table)["all"]["deliveries"]
    assert (delivery["state"], delivery["reason"], delivery["request"]) == (state, reason, None)
    assert f"  → box\n    {state}: {reason}\n" in dry(BOX, ALL, table).out


def test_a_binary_body(dry: Relay, dry_routes: DryRoutes, body: Path) -> None:
    """In base64; control characters of a text steer no terminal."""
    body.write_bytes(b"\xff\x00")
    (delivery,) = dry_routes(BOX, ALL)["all"]["deliveries"]
    assert delivery["request"]["body_base64"] == "/wA="
    assert "    (base64) /wA=\n" in dry(BOX, ALL).out
    body.write_text('"\x1b[31mred"')
    assert "\x1b" not in dry(BOX, ALL).out


def test_nothing_is_sent(dry: Relay) -> None:
    """No target hears of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert "    POST http://127.0.0.1" in dry(f'[target.box]\nurl = "{url}"\n', ALL).out
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
