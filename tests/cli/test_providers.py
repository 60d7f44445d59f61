"""`relay providers`."""

import base64
import json
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from relay.receive.providers.preset import presets
from tests.cli.conftest import Relay

PRESETS: Final = dict(presets())
AROUND: Final = """
[server]
public_url = "https://hooks.example.com"
[target.print]
url = "log:"
[route.all]
from = ["*"]
to = ["print"]
"""


def key_of(provider: str) -> str:
    """A text that can be this provider's secret."""
    if provider == "discord":
        return "0f" * 32
    if provider == "sendgrid":
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    return base64.b64encode(b"a secret of 32 bytes, or of more").decode()


@pytest.mark.parametrize("name", PRESETS)
def test_the_lines_to_paste_pass_a_check(
    relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As they stand, in a file that has all the rest."""
    config = relay("providers", name).out.split("\n\n")[0]
    for variable in re.findall(r'env = "(\w+)"', config):
        monkeypatch.setenv(variable, key_of(name))
    file = tmp_path / "relay.toml"
    file.write_text(f"{AROUND}{config}\n")
    done = relay("check", "-c", file)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("name", PRESETS)
def test_a_setup_is_short_and_whole(relay: Relay, name: str) -> None:
    """About ten lines that fit on a screen, with the address to enter, and nothing left to be filled in."""
    done = relay("providers", name)
    lines = done.out.splitlines()
    (source,) = tomllib.loads(PRESETS[name].setup.config)["source"]
    assert (done.code, 9 <= len(lines) <= 15) == (0, True)
    assert max(map(len, lines)) <= 120
    assert f"https://YOUR-HOST/in/{source}" in done.out
    assert lines[-1].startswith("Then: relay check, ")
    assert f"relay send {source} " in lines[-1]
    assert "{url}" not in done.out


@pytest.mark.parametrize("name", PRESETS)
def test_a_setup_is_one_document(relay: Relay, name: str) -> None:
    """With --json, by the names of its parts."""
    said = json.loads(relay("providers", name, "--json").out)
    preset = PRESETS[name]
    assert (said["name"], said["title"], said["needs"]) == (name, preset.title, preset.needs)
    assert said["config"] == preset.setup.config
    assert said["url"] in said["enter"]


def test_without_a_name_all_are_listed(relay: Relay) -> None:
    """One line each, with what it needs, in the order of their names; nothing around it."""
    head, *lines = relay("providers").out.splitlines()
    assert head.split() == ["NAME", "TITLE", "NEEDS"]
    assert [line.split()[0] for line in lines] == sorted(PRESETS)
    assert all(preset.needs in line for line, (_, preset) in zip(lines, sorted(PRESETS.items()), strict=True))
    said = json.loads(relay("providers", "--json").out)
    assert [each["name"] for each in said["providers"]] == sorted(PRESETS)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (AROUND, "https://hooks.example.com/in/github"),
        (AROUND + "[source.x]\nprovider = 7\n", "https://hooks.example.com/in/github"),
        (AROUND.replace(".com", ".com/"), "https://hooks.example.com/in/github"),
        ("[server]\npublic_url = 7\n", "https://YOUR-HOST/in/github"),
        ("server = 7\n", "https://YOUR-HOST/in/github"),
        ("no TOML", "https://YOUR-HOST/in/github"),
    ],
    ids=["a good file", "another fault in it", "a slash too many", "no text", "no table", "no TOML"],
)
def test_the_address_is_that_of_the_file(relay: Relay, tmp_path: Path, text: str, url: str) -> None:
    """Where it tells one, whatever else is wrong with it."""
    file = tmp_path / "relay.toml"
    file.write_text(text)
    done = relay("providers", "github", "-c", file)
    assert (done.code, re.findall(r"https://\S+", done.out)) == (0, [url])


def test_a_name_that_is_not_known_is_misuse(relay: Relay) -> None:
    """Exit 2, with the name that was meant, or with where names are."""
    done = relay("providers", "gitlub")
    assert (done.code, done.out) == (2, "")
    assert 'there is no provider "gitlub" (did you mean "git' in done.err
    assert "(relay providers lists them)" in relay("providers", "qqq").err
