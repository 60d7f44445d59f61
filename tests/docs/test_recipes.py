"""Each recipe is done as it is written, and what comes out is what it shows."""

import asyncio
import io
import re
from contextlib import AsyncExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

import pytest

from relay.cli.main import main
from relay.parts import load_parts
from tests.clock import ManualClock
from tests.deliver.targets.servers import NatsServer, Stream
from tests.docs.hosts import Host, certificates, different, opened
from tests.docs.page import Page, Shown, is_like
from tests.eventually import eventually
from tests.journeys.whole import Relay

FOLDER: Final = Path(__file__).parents[2] / "docs" / "recipes"
RECIPES: Final = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HERE: Final = (
    '[admin]\nlisten = "127.0.0.1:0"\n[store]\nmin_free = "0B"\n[server]\nlisten = "unix:http.sock"\n'
)
NATS: Final = "nats://127.0.0.1:4222"
STEP: Final = 0.1
"""Seconds that go by between two looks at what has arrived."""


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
async def test_a_recipe_does_what_it_says(
    path: Path, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says to type is typed, and its targets get what it shows: no more, no less, nothing else."""
    page = Page(path)
    async with AsyncExitStack() as stack:
        tls = certificates(tmp_path) if "ca.pem" in page.file else None
        hosts = await stack.enter_async_context(opened(page.exchanges, tls))
        places = {f"https://{host.name}": host.url for host in hosts}
        stream = None
        if NATS in page.file:
            server = stack.enter_context(NatsServer(tmp_path))
            places[NATS] = server.url
            stream = await stack.enter_async_context(server.stream("SHOP", "shop.>"))
        _settle_in(page, places, tmp_path, monkeypatch)
        relay = Relay(tmp_path, clock)
        (tmp_path / "relay.toml").write_text(_here(_placed(page.file, places)))
        await stack.enter_async_context(relay)
        for words in page.commands:
            said = await _type(words)
            assert page.dry_run is None or "--dry-run" not in words or is_like(said, page.dry_run), said
        await _let_arrive(page, hosts, relay, tmp_path)
        assert [wrong for host in hosts for wrong in host.differences()] == []
        assert _wrong_files(page, tmp_path) == []
        if stream is not None:
            await _check_stream(stream, page)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_what_else_it_shows_loads(path: Path, tmp_path: Path) -> None:
    """Its other tables fit where the page puts them, and nothing is warned of."""
    page = Page(path)
    certificates(tmp_path)
    (tmp_path / "ledger-key").write_bytes((tmp_path / "relay.key").read_bytes())
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "BROKER_PASSWORD": "a-password", **page.exports}
    for text in page.variants:
        (tmp_path / "relay.toml").write_text(text)
        loaded, _ = load_parts(tmp_path / "relay.toml", environ=environ)
        assert loaded.warnings == ()


def test_each_is_in_the_list() -> None:
    """The folder's own page names every recipe, and README names every one, too."""
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "README.md").read_text()))
    assert listed == {path.name for path in RECIPES}
    readme = (FOLDER.parents[1] / "README.md").read_text()
    assert [path.name for path in RECIPES if f"docs/recipes/{path.name}" not in readme] == []


# doing what a page says


def _placed(text: str, places: dict[str, str]) -> str:
    for there, here in places.items():
        text = text.replace(there, here)
    return text


def _here(file: str) -> str:
    """The file with listeners of this test's own, beside whatever else it says of its server."""
    return HERE + file.removeprefix("[server]\n") if file.startswith("[server]") else HERE + file


def _settle_in(page: Page, places: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files, the folder and the shell that the page speaks of."""
    for name, text in page.given.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755 if text.startswith("#!") else 0o644)
    for name, value in page.exports.items():
        monkeypatch.setenv(name, _placed(value, places))
    monkeypatch.setenv("RELAY_CONFIG", str(folder / "relay.toml"))
    monkeypatch.chdir(folder)


async def _type(words: list[str]) -> str:
    """What a command of relay's says, which must do what it is asked to; what others do is done already."""
    if words[0] != "relay":
        assert words[0] in {"export", "chmod", "sudo", "nats"}
        return ""
    code, out, err = await asyncio.to_thread(_done, words[1:])
    assert (code, err) == (0, ""), (words, out, err)
    return out


def _done(words: list[str]) -> tuple[int, str, str]:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            main(words)
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue(), err.getvalue()
    raise AssertionError("a command ends with its exit code")


async def _let_arrive(page: Page, hosts: list[Host], relay: Relay, folder: Path) -> None:
    """Let time go by until all is there that the page shows, and nothing more comes."""

    def arrived() -> bool:
        relay.clock.advance(STEP)
        return not _wrong_files(page, folder) and all(len(host.arrived) >= len(host.shown) for host in hosts)

    await eventually(arrived)
    await relay.idle()


def _wrong_files(page: Page, folder: Path) -> list[str]:
    wrong = []
    for name, text in page.held.items():
        found = (folder / name).read_text() if (folder / name).exists() else ""
        if not is_like(found, text):
            wrong.append(f"{name}: {found!r}, not {text!r}")
    return wrong


async def _check_stream(stream: Stream, page: Page) -> None:
    (shown,) = page.messages
    assert await stream.count() == 1
    message = await stream.first()
    headers = {"Subject": message.subject, **(message.headers or {})}
    assert different(Shown("MSG", headers, message.data.decode()), shown) == []
