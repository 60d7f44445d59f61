"""Where the running daemon may be found, the likeliest place first.

By `admin.json`, which a daemon writes to $RUNTIME_DIRECTORY, else beside its store; in /run/relay, where that
is with systemd; by the file's own [admin]. The file is read leniently: also a broken one must lead to the
daemon that still runs on the old one.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from relay.admin.admin_file import SYSTEM_FOLDER, AdminFile, read_admin_file, read_token
from relay.cli.option import File, environ
from relay.errors import RelayError

STORE_URL: Final = re.compile(r'^\s*url\s*=\s*["\']sqlite:([^"\'\n]+)["\']', re.MULTILINE)
LISTEN: Final = "127.0.0.1:8081"
SYSTEM_CONFIG: Final = Path("/etc/relay")
SYSTEM_STATE: Final = Path("/var/lib/relay")
"""Where a daemon of systemd's has the store that its file in /etc/relay names."""


@dataclass(frozen=True, slots=True)
class Door:
    """A place to knock at."""

    address: str
    token: str | None
    """None: the commands that need none may try all the same."""

    def __repr__(self) -> str:
        return f"Door({self.address!r})"


@dataclass(frozen=True, slots=True)
class Sketch:
    """What the file says of where to look, without a look at the rest of it."""

    store: Path
    listen: str
    token: bool
    """Whether the file names one."""


def sketch(file: Path) -> Sketch:
    """Of the file at `path`; of what cannot be read, what is so by default."""
    try:
        text = file.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        text = ""
    try:
        raw: Any = tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        named = STORE_URL.search(text)
        raw = {"store": {"url": f"sqlite:{named[1]}"}} if named else {}
    admin = _table(raw, "admin")
    listen = admin.get("listen")
    return Sketch(
        _store(file, _table(raw, "store").get("url")),
        listen if isinstance(listen, str) else LISTEN,
        "token" in admin,
    )


def _table(raw: dict[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name)
    return table if isinstance(table, dict) else {}


def _store(file: Path, url: object) -> Path:
    """As `relay.config.load.store_path` has it."""
    name = url.removeprefix("sqlite:") if isinstance(url, str) else "relay.db"
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state or file.absolute().parent) / name


def doors(file: File, *, open_to_all: bool = False) -> Iterator[Door]:
    """Every place to knock at. `open_to_all`: for calls that need no token."""
    seen = sketch(file.path)
    for said in _said(file, seen):
        yield Door(said.address, said.token)
    if os.access(file.path, os.R_OK) and (open_to_all or (token := _token(file.path, seen)) is not None):
        yield Door(_listen(file.path, seen), None if open_to_all else token)


def _said(file: File, seen: Sketch) -> Iterator[AdminFile]:
    """What daemons that may be meant say of themselves."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    for folder in (*([Path(runtime)] if runtime else []), seen.store.parent):
        said = read_admin_file(folder)
        if said is not None and _same(said.store, seen.store):
            yield said
    said = read_admin_file(SYSTEM_FOLDER)
    if said is not None and not (file.named and said.file and not _same(said.file, file.path)):
        yield said


def _same(one: str | Path, other: str | Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _token(file: Path, seen: Sketch) -> str | None:
    """The file's own token, where this user can have it."""
    try:
        if not seen.token:
            return read_token(seen.store)
        from relay.config.load import load  # noqa: PLC0415  heavy, and rarely needed

        token = load(file, checking=True, environ=environ()).config.admin.token
    except (RelayError, OSError):
        return None
    return None if token is None or token.missing else token.reveal()


def _listen(file: Path, seen: Sketch) -> str:
    """The file's own listener; a socket's relative path is relative to the file."""
    before, _, path = seen.listen.partition("unix:")
    return seen.listen if before or not path else f"unix:{file.absolute().parent / path}"


def stores(file: File) -> Iterator[Path]:
    """Where the store of a daemon that is not running may be."""
    seen = sketch(file.path)
    yield seen.store
    if file.path.absolute().parent == SYSTEM_CONFIG and seen.store.is_relative_to(SYSTEM_CONFIG):
        yield SYSTEM_STATE / seen.store.relative_to(SYSTEM_CONFIG)


def unreadable(file: File) -> Path | None:
    """An `admin.json` that is there but is not this user's to read."""
    folders = (sketch(file.path).store.parent, SYSTEM_FOLDER)
    for path in (folder / "admin.json" for folder in folders):
        if os.path.lexists(path) and not os.access(path, os.R_OK):
            return path
    return None
