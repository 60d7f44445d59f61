"""A file's polls and watches opened: all of them, or all that is wrong, at the line where it stands."""

from pathlib import Path
from typing import Any

import pytest

from relay.config.api import ApiConfig
from relay.config.load import load
from relay.poll.open import open_polls, realm

API = '[api.shop]\nurl = "https://shop.example/v1"\n'
POLL = 'api = "shop"\npath = "/orders"\nitems = "body"\nid = "item.id"\n'
WATCH = f'{POLL}on = "true"\nkeys = "[event.key]"\n'


def told(folder: Path, text: str) -> list[str]:
    """What is wrong with a file that loads."""
    file = folder / "relay.toml"
    file.write_text(text)
    loaded = load(file, environ={})
    _, problems = open_polls(loaded.config)
    return [problem.at("F") for problem in loaded.locate_problems(problems)]


def test_what_is_sound_is_opened(tmp_path: Path) -> None:
    """Polls and watches by name, each with the login of its api, and nothing to tell."""
    (tmp_path / "relay.toml").write_text(f"{API}[poll.a]\n{POLL}[watch.b]\n{WATCH}")
    definitions, problems = open_polls(load(tmp_path / "relay.toml").config)
    assert (list(definitions.polls), list(definitions.watches), problems) == (["a"], ["b"], [])
    assert definitions.polls["a"].realm == definitions.watches["b"].realm != ""


def test_every_fault_of_every_table_is_told(tmp_path: Path) -> None:
    """Of an api, a poll and a watch, each at its own line, in the order of the file."""
    text = (
        f'{API}check = "statu"\nwait = "1 +"\n[poll.a]\n{POLL}time = "ts(item"\nquery = {{ a = "${{b}}" }}\n'
        f'[watch.b]\n{WATCH}until = "itm.x"\n'
    )
    places = [line.partition(": ")[0] + " " + line.split(": ")[1] for line in told(tmp_path, text)]
    assert list(dict.fromkeys(places)) == [
        "F:3 api.shop.check", "F:4 api.shop.wait", "F:10 poll.a.time", "F:11 poll.a.query.a",
        "F:19 watch.b.until",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "lists"),
    [
        ('query = { a = "${each.shop}" }', 'has no "shop", NAMED (each = { shop = ["…"] })'),
        (
            'json = { a = [{ b = "${each.shop + each.lang}" }] }\nmethod = "POST"\neach = { shop = ["1"] }',
            'has no "lang", NAMED (each = { shop = ["…"], lang = ["…"] })',
        ),
        ('keep = "item.a == each.b"', 'has no "b", NAMED (each = { b = ["…"] })'),
        ('detail = { path = "/o/${each.b}" }', 'has no "b", NAMED (each = { b = ["…"] })'),
        ("keep = \"item.each.b == 'each.c' || item.breach.d\"", ""),
        ('query = { a = "${each.a}" }\neach = { a = ["1"] }', ""),
        ('query = { a = "each.a" }', ""),
    ],
)  # fmt: skip
def test_a_list_of_each_that_is_not_there(tmp_path: Path, keys: str, lists: str) -> None:
    """Where an expression names it, and nowhere else: not in a text, nor of another thing."""
    found = [line.partition(": ")[2] for line in told(tmp_path, f"{API}[poll.a]\n{POLL}{keys}")]
    expected = lists.replace("NAMED", "which its expressions name")
    assert found == ([f"poll.a.each: {expected}"] if lists else [])


def test_a_realm_tells_logins_apart_and_nothing_of_them() -> None:
    """Another url, another secret, another kind of login: another realm; the same again: the same."""
    base = {"url": "https://a.example"}
    auths: list[dict[str, Any]] = [
        {},
        {"auth": {"type": "bearer", "token": "hush"}},
        {"auth": {"type": "bearer", "token": "hush2"}},
        {"auth": {"type": "header", "name": "X-Key", "value": "hush"}},
        {"headers": {"X-Key": "hush"}},
        {"url": "https://b.example"},
    ]
    apis = [ApiConfig.model_validate(base | auth) for auth in auths]
    found = [realm(api) for api in apis]
    assert len(set(found)) == len(found)
    assert realm(ApiConfig.model_validate(base | auths[1])) == found[1]
    assert not any("hush" in one for one in found)
