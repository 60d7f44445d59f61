"""`relay send --dry-run` of what is enriched: no api is asked, a saved answer stands for it."""

import json
from pathlib import Path

import pytest

from relay.cli.dry_run import show_dry_run
from relay.parts import load_parts
from relay.receive.providers.protocol import Sample
from tests.cli.conftest import DRY_ALL as ALL
from tests.cli.conftest import DRY_BODY as BODY
from tests.cli.conftest import DRY_BOX as BOX
from tests.cli.conftest import DryRoutes, Relay

API = """
[api.shop]
url = "https://api.example/v1"
auth = { type = "bearer", token = "hush-api" }
headers = { X-Key = { env = "API_KEY" } }
"""
ORDER = """
[enrich.order]
api = "shop"
path = "/orders/${body.id}"
query = { full = true }
put = "order"
data = "body.order.total"
"""
SHAPE = 'transform = \'{"id": body.id, "total": order}\'\n'
SEARCH = """
[enrich.order]
api = "shop"
path = "/search"
method = "POST"
json = { q = "${body.id}" }
put = "order"
"""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file names."""
    monkeypatch.setenv("API_KEY", "hush-value")


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    path = tmp_path / "answer.json"
    path.write_text('{"order": {"total": 12.50}}')
    return path


def test_the_question_is_told(dry: Relay, dry_routes: DryRoutes) -> None:
    """Without what proves relay; what goes out depends on its answer."""
    done = dry(BOX, API, ORDER, ALL, SHAPE)
    assert done.out.splitlines()[3:] == [
        "  → box",
        "    first asks GET https://api.example/v1/orders/7?full=true (enrich order)",
        "    --answer order=FILE shows what goes out then, by an answer that was saved",
    ]
    (delivery,) = dry_routes(BOX, API, ORDER, ALL, SHAPE)["all"]["deliveries"]
    url = "https://api.example/v1/orders/7?full=true"
    asked = {"enrich": "order", "put": "order", "request": f"GET {url}", "body": None, "why": None}
    assert (delivery["state"], delivery["asks"], delivery["request"]) == ("pending", [asked], None)


def test_what_is_sent_with_the_question(dry: Relay) -> None:
    """JSON or a form; of a url that is a secret only what the file puts behind it."""
    posted = dry(BOX, API, SEARCH, ALL, SHAPE)
    assert 'first asks POST https://api.example/v1/search with {"q":"7"} (enrich order)' in posted.out
    secret = API.replace('"https://api.example/v1"', '{ env = "API_URL" }')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("API_URL", "https://HUSH.example/hush/T/B/X/")
        done = dry(BOX, secret, ORDER, ALL, SHAPE)
    assert "first asks GET ***/orders/7?full=true (" in done.out
    assert "hush.example" not in done.out.lower()


def test_with_a_saved_answer(dry: Relay, dry_routes: DryRoutes, answer: Path) -> None:
    """What `data` takes of it is put, and the request is shown as it would go out."""
    tables, words = (BOX, API, ORDER, ALL, SHAPE), ("--answer", f"order={answer}")
    (delivery,) = dry_routes(*tables, words=words)["all"]["deliveries"]
    assert delivery["request"]["body"] == '{"id":"7","total":12.5}'
    assert "    first asks GET " in dry(*tables, words=words).out


def test_an_answer_that_cannot_be_used(dry: Relay, answer: Path) -> None:
    """It is said why, and that it would be asked again."""
    answer.write_text('{"orders": []}')
    done = dry(BOX, API, ORDER, ALL, SHAPE, words=("--answer", f"order={answer}"))
    assert "    enrich order: data: no such key: order: it would be asked again\n" in done.out


def test_where_nothing_is_asked(dry: Relay, dry_routes: DryRoutes) -> None:
    """`on` is false: null is put. A request that cannot be made: as `on_fail` says."""
    (delivery,) = dry_routes(BOX, API, ORDER, "on = 'false'", ALL, SHAPE)["all"]["deliveries"]
    assert delivery["request"]["body"] == '{"id":"7","total":null}'
    off = dry(BOX, API, ORDER, "on = 'false'", ALL, SHAPE)
    assert "    asks nothing (enrich order: on is false)\n" in off.out
    broken = ORDER.replace("body.id", "body.nope")
    done = dry(BOX, API, broken, ALL, SHAPE)
    why = "its request: no such key: nope"
    assert f"    asks nothing (enrich order: {why})\n    dead: enrich order: {why}\n" in done.out
    sent = dry_routes(BOX, API, broken, 'on_fail = "send"', ALL, SHAPE)
    assert sent["all"]["deliveries"][0]["request"]["body"] == '{"id":"7","total":null}'


def test_it_is_asked_only_where_it_is_named(dry_routes: DryRoutes) -> None:
    """Another route's request is whole."""
    found = dry_routes(BOX, API, ORDER, ALL, SHAPE, '[route.bare]\nfrom = "demo"\nto = "box"')
    assert [len(route["deliveries"][0]["asks"]) for route in found.values()] == [1, 0]
    assert found["bare"]["deliveries"][0]["request"]["body"] == BODY


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--answer", "ordr=x"), 'there is no enrichment "ordr" (did you mean "order"?)'),
        (("--answer", "order"), "--answer order is none: NAME=FILE"),
        (("--answer", "order=/nowhere"), "/nowhere cannot be read: No such file or directory"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_2(dry: Relay, words: tuple[str, ...], error: str) -> None:
    """Name and file have to be there."""
    done = dry(BOX, API, ORDER, ALL, SHAPE, words=words)
    assert (done.code, done.out, error in done.err) == (2, "", True)


def test_what_only_a_dry_run_shows(relay: Relay, tmp_path: Path) -> None:
    """`--answer` and `--json` change nothing about what is sent: that is a mistake, and told."""
    file = tmp_path / "relay.toml"
    file.write_text("[server]\n")
    for words in (("--json",), ("--answer", "order=x")):
        done = relay("send", "demo", *words, "-c", file)
        assert (done.code, "go with --dry-run" in done.err) == (2, True)


def test_several_events_of_one_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its routes."""
    file = tmp_path / "relay.toml"
    source = '[source.grid]\nprovider = "cloudevents"\nsecret = "hush-token"\n'
    file.write_text(BOX + source + ALL.replace("demo", "grid"))
    loaded, parts = load_parts(file, checking=True)
    (grid,) = parts.sources.values()
    one = {"specversion": "1.0", "source": "s", "type": "t"}
    body = json.dumps([one | {"id": "a"}, one | {"id": "b"}]).encode()
    sample = Sample("t", body, "application/cloudevents-batch+json")
    show_dry_run(loaded, grid, sample, {}, as_json=True)
    found = json.loads(capsys.readouterr().out)["events"]
    assert [each["event"]["key"] for each in found] == ["s#a", "s#b"]
    assert [each["routes"][0]["taken"] for each in found] == [True, True]
    show_dry_run(loaded, grid, sample, {}, as_json=False)
    assert capsys.readouterr().out.count("an event of grid: type t, key s#") == 2


def test_a_handshake_is_not_kept(relay: Relay, tmp_path: Path) -> None:
    """So no route gets it."""
    file, body = tmp_path / "relay.toml", tmp_path / "body"
    source = '[source.chat]\nprovider = "slack"\nsecret = "hush-token"\n'
    file.write_text(BOX + source + ALL.replace("demo", "chat"))
    body.write_text('{"type": "url_verification", "challenge": "x"}')
    done = relay("send", "chat", "--body", body, "--dry-run", "-c", file)
    assert (done.code, "answered as a handshake, and not kept" in done.err) == (1, True)
