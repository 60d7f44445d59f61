"""`admin.json`: how the commands find a running daemon, and the token they show it."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from relay.errors import RelayError

if TYPE_CHECKING:
    from relay.config.schema import Config  # the commands read this file without the weight of the schema

FILE_NAME: Final = "admin.json"
TOKEN_NAME: Final = "admin.token"  # noqa: S105  a file's name
SYSTEM_FOLDER: Final = Path("/run/relay")
"""Where a daemon that systemd started writes it."""
MAX_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class AdminFile:
    """What a daemon says of itself."""

    address: str
    """`127.0.0.1:8081`, `[::1]:8081` or `unix:/path`."""
    token: str
    store: str
    """The store's absolute path."""
    file: str | None = None
    """The absolute path of the configuration it runs on."""

    def __repr__(self) -> str:
        return f"AdminFile({self.address!r}, store={self.store!r})"


def write_admin_file(
    directory: Path, address: str, token: str, store: Path, file: Path | None = None
) -> Path:
    """Write `admin.json` into `directory`, at once and whole, mode 0600.

    Where that is not possible (a full disk) a warning is logged: a daemon that the commands do not find
    this way is better than none.
    """
    said = AdminFile(address, token, str(store.absolute()), None if file is None else str(file.absolute()))
    path = directory / FILE_NAME
    try:
        _write_private(path, json.dumps(asdict(said)) + "\n")
    except OSError as error:
        import structlog  # noqa: PLC0415  late: the commands read this file, and log nothing

        structlog.get_logger().warning("admin.file-not-written", path=str(path), error=error.strerror)
    return path


def remove_admin_file(directory: Path) -> None:
    """The daemon ends: nobody should look for it any more."""
    with suppress(OSError):
        (directory / FILE_NAME).unlink()


def read_admin_file(directory: Path) -> AdminFile | None:
    """What the daemon that writes to `directory` says; None where there is nothing that can be read."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            said = json.loads(file.read(MAX_BYTES))
        return AdminFile(str(said["address"]), str(said["token"]), str(said["store"]), said.get("file"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def admin_token(config: "Config", store: Path) -> str:
    """The file's token, else the one beside the store, made at the first start; RelayError if it cannot."""
    if config.admin.token is not None:
        return config.admin.token.reveal()
    path = store.with_name(TOKEN_NAME)
    try:
        return read_token(store) or _make_token(path)
    except OSError as error:
        raise RelayError(
            f"the admin token {path} cannot be kept: {error.strerror}",
            "its folder must be writable by relay's user; or name a token in [admin]",
        ) from error


def read_token(store: Path) -> str | None:
    """The token beside the store; None where there is none yet. OSError where it cannot be read."""
    try:
        return store.with_name(TOKEN_NAME).read_text("ascii", "replace").strip() or None
    except FileNotFoundError:
        return None


def _make_token(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    _write_private(path, f"{token}\n")
    return token


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not for a moment either."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
