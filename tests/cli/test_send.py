"""`relay send` for senders whose private key only they have."""

import asyncio
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.cli.send import _post
from relay.config.schema import Config
from relay.receive.providers.protocol import Sample
from relay.receive.source import open_sources
from tests.cli.conftest import Done, Relay, running
from tests.target import ScriptedTarget

HEAD = """
[server]
listen = "unix:http.sock"
[admin]
listen = "127.0.0.1:0"
[target.out]
url = "http://127.0.0.1:9/hooks"
[route.all]
from = ["*"]
to = ["out"]
"""
ED25519 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
ECDSA = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/"
    "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
)
SOURCES = {
    "discord": f'provider = "discord"\nsecret = "{ED25519}"',
    "sendgrid": f'provider = "sendgrid"\nsecret = "{ECDSA}"',
    "hooks": 'provider = "standard-webhooks"\nsecret = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="',
    "paypal": 'provider = "paypal"\nwebhook_id = "8PT597110X687430L"',
    "sns": 'provider = "sns"\ntopic_arn = "arn:aws:sns:eu-central-1:123456789012:orders"',
    "own": f'verify = {{ type = "ed25519", header = "X-Signature" }}\nsecret = "{ED25519}"',
}
TYPES = {
    "discord": ["2", "APPLICATION_AUTHORIZED"],
    "sendgrid": ["delivered", "click"],
    "hooks": ["invoice.paid", "contact.created"],
    "paypal": ["PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"],
    "sns": ["Notification", "UnsubscribeConfirmation"],
    "own": ["own"],
}


def text(**changed: str) -> str:
    """The file; `changed`: other tables of sources."""
    tables = {**SOURCES, **changed}
    return HEAD + "\n".join(f"[source.{name}]\n{table}" for name, table in tables.items())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration of a daemon that runs, for all tests of this file."""
    file = tmp_path_factory.mktemp("relay") / "relay.toml"
    file.write_text(text())
    with running(file):
        yield file


def with_line(name: str, done: Done) -> str:
    """The source's table with the line that was printed."""
    (line,) = [line for line in done.out.splitlines() if re.match(r"  (secret|trust) = ", line)]
    if line.startswith("  trust"):
        return f"{SOURCES[name]}\n{line}"
    (old,) = re.findall(r'secret = (".*")', SOURCES[name])
    return SOURCES[name].replace(f"secret = {old}", line.strip().replace("…", old))


@pytest.mark.parametrize("name", SOURCES)
def test_with_a_key_of_ones_own(name: str, file: Path, relay: Relay, tmp_path: Path) -> None:
    """It is made, and told of; once the file has the line that was printed, what it signs is taken."""
    key = tmp_path / "key.pem"
    file.write_text(text())
    assert relay("reload", "-c", file).code == 0
    without = relay("send", name, "-c", file)
    assert (without.code, f"relay send {name} --key FILE" in without.err) == (1, True)
    made = relay("send", name, "--key", key, "-c", file)
    assert made.code == 0, made.err
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    too_early = relay("send", name, "--key", key, "-c", file)
    assert too_early.code == 1
    assert f"[source.{name}] does not know the key in {key}" in too_early.err
    file.write_text(text(**{name: with_line(name, made)}))
    reloaded = relay("reload", "-c", file)
    assert reloaded.code == 0, reloaded.err
    for kind in TYPES[name]:
        sent = relay("send", name, "--key", key, "--type", kind, "-c", file)
        assert (sent.code, sent.out.split()[:2]) == (0, ["200", "OK"]), sent.err
        shown = json.loads(relay("show", sent.out.split()[2], "--json", "-c", file).out)
        assert shown["type"] == kind
    if name in {"paypal", "sns"}:
        again = relay("send", name, "-c", file)
        assert (again.code, again.out.split()[:2]) == (0, ["200", "OK"]), "the key is in trust"
    dry = relay("send", name, "--key", key, "--dry-run", "-c", file)
    assert (dry.code, dry.out.splitlines()[2:4]) == (0, ["route all: taken", "  → out"])


def test_a_secret_needs_no_key(file: Path, relay: Relay, tmp_path: Path) -> None:
    """Where the secret signs, `--key` is a mistake, and makes nothing."""
    other = tmp_path / "relay.toml"
    other.write_text(HEAD + '[source.shop]\nprovider = "stripe"\nsecret = "s"\n')
    done = relay("send", "shop", "--key", tmp_path / "key.pem", "-c", other)
    assert (done.code, "shop signs with its secret" in done.err) == (2, True)
    assert not (tmp_path / "key.pem").exists()


@pytest.mark.parametrize(
    "content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----"]
)
def test_a_file_that_is_no_key(content: bytes, file: Path, relay: Relay, tmp_path: Path) -> None:
    """It is told, and left as it is."""
    key = tmp_path / "key.pem"
    key.write_bytes(content)
    for name in SOURCES:
        done = relay("send", name, "--key", key, "-c", file)
        assert (done.code, str(key) in done.err) == (1, True), name
    assert key.read_bytes() == content


def test_a_key_of_another_kind(file: Path, relay: Relay, tmp_path: Path) -> None:
    """One that was made for another sender is not used."""
    key = tmp_path / "key.pem"
    assert relay("send", "discord", "--key", key, "-c", file).code == 0
    for name, kind in (("sendgrid", "ECDSA"), ("paypal", "RSA"), ("sns", "RSA")):
        done = relay("send", name, "--key", key, "-c", file)
        assert (done.code, kind in done.err) == (1, True), done.err


def test_a_key_that_cannot_be_written(file: Path, relay: Relay, tmp_path: Path) -> None:
    """It is told."""
    done = relay("send", "discord", "--key", tmp_path / "none" / "key.pem", "-c", file)
    assert (done.code, "cannot be written: No such file or directory" in done.err) == (1, True)


@pytest.mark.parametrize(("query", "target"), [("", b"/in/shop"), ("a=1&b=%C3%A9", b"/in/shop?a=1&b=%C3%A9")])
async def test_a_samples_query_is_posted(query: str, target: bytes) -> None:
    """Where a sender puts something there, so does `send`."""
    async with ScriptedTarget() as daemon:
        config = Config.model_validate(
            {
                "server": {"listen": f"127.0.0.1:{daemon.port}"},
                "source": {"shop": {"verify": {"type": "bearer"}, "secret": "s"}},
            }
        )
        sources, problems = open_sources(config)
        assert not problems
        sample = Sample("shop", b"{}", query=query)
        assert await asyncio.to_thread(_post, config, sources["/in/shop"], sample)
        assert (await daemon.next()).line == b"POST " + target + b" HTTP/1.1"
