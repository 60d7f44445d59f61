"""`relay poll list` and `relay poll test` by the file alone: no daemon, no store, no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Relay
from tests.cli.polling import BAD, NEW, POLL, WATCH, api


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file whose daemon never ran, and whose secret is not at hand."""
    path = tmp_path / "relay.toml"
    token = 'auth = { type = "bearer", token = { env = "A_TOKEN_THAT_IS_NOT_SET" } }\n'
    path.write_text(api("https://shop.example") + token + POLL + 'keep = "!has(item.draft)"\n' + WATCH)
    return path


def test_the_list_needs_no_daemon(relay: Relay, file: Path) -> None:
    """Nor a store: it is what the file says."""
    done = relay("poll", "list", "-c", file)
    assert (done.code, [row.split()[0] for row in done.out.splitlines()[1:]]) == (0, ["orders", "parcel"])
    assert "relay is not running" in done.err


def test_an_answer_is_tried_without_asking(relay: Relay, file: Path, tmp_path: Path) -> None:
    """What becomes of each item, and which expression fails on which."""
    (tmp_path / "answer").write_text(json.dumps([NEW, BAD, {"id": "d", "draft": True}, {"at": 1}]))
    done = relay("poll", "test", "orders", "--response", tmp_path / "answer", "-c", file)
    asked, head, *rows, counts = done.out.splitlines()
    assert (done.code, asked, head.split()[:2]) == (1, "asked by: GET /orders", ["ITEM", "BECOMES"])
    assert [row.split()[:3] for row in rows[:2]] == [["1", "event", "new"], ["2", "unusable", "time:"]]
    assert rows[2].split() == ["3", "left", "out"]
    assert rows[3].endswith("id: no such key: id")
    assert counts == "1 event, 2 unusable, 1 left out"


def test_an_answer_of_curl_brings_its_headers(relay: Relay, file: Path, tmp_path: Path) -> None:
    """Status and headers stand before the body; `--header` adds to them."""
    file.write_text(file.read_text().replace("[watch.", "next = 'link(headers, \"next\")'\n[watch."))
    link = 'Link: <https://shop.example/orders?page=2>; rel="next"'
    answer = tmp_path / "answer"
    answer.write_bytes(
        b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/2 200\r\n%s\r\n\r\n[]" % link.encode()
    )
    done = relay("poll", "test", "orders", "--response", answer, "-c", file)
    assert done.out.splitlines()[1:] == ["no items", "asked next: GET https://shop.example/orders?page=2"]
    answer.write_bytes(b"HTTP/1.1 500 Oh\n\n[]")
    done = relay("poll", "test", "orders", "--response", answer, "--header", link, "-c", file)
    assert (done.code, "asked next: " in done.out) == (1, True)
    assert "it counts as 'retry' (answered 500)" in done.err


def test_an_answer_is_tried_on_a_watch(
    relay: Relay, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the keys that are named, or that follow from an event."""
    answer, event = tmp_path / "answer", tmp_path / "event"
    answer.write_text('{"status": "Delivered", "weight": 1.50}')
    event.write_text('{"id": 7}')
    for words, key in ((("--key", "P1"), "P1"), (("--event", event), "7")):
        with answer.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            done = relay("poll", "test", "parcel", "--response", "-", *words, "--json", "-c", file)
        told = json.loads(done.out)
        assert (done.code, told["request"]) == (0, f"GET /parcel/{key}")
        assert (told["items"][0]["key"], told["items"][0]["over"]) == (f"{key}#1", "until")


def test_keys_that_may_be_there(relay: Relay, file: Path, tmp_path: Path) -> None:
    """They follow from an event as they do in the daemon."""
    file.write_text(file.read_text().replace("[string(event.data.id)]", "event.data.?ids"))
    answer, event = tmp_path / "answer", tmp_path / "event"
    answer.write_text('{"status": "Delivered"}')
    event.write_text('{"ids": ["P7"]}')
    done = relay("poll", "test", "parcel", "--response", answer, "--event", event, "--json", "-c", file)
    assert (done.code, json.loads(done.out)["request"]) == (0, "GET /parcel/P7")


@pytest.mark.parametrize(
    "words",
    [
        ("ordres",),
        ("orders", "--part", "shop=x"),
        ("orders", "--header", "no colon"),
        ("parcel", "--event", "A"),
    ],
)
def test_what_cannot_be_tried_is_2(relay: Relay, file: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A name, a part, a header or an event that is none."""
    (tmp_path / "answer").write_text("[}")
    given: list[Any] = [tmp_path / "answer" if word == "A" else word for word in words]
    assert relay("poll", "test", *given, "--response", tmp_path / "answer", "-c", file).code == 2
