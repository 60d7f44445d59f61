"""`admin.json` and the token beside the store: private, whole, and never in the way of a start."""

import json
import os
import stat
from pathlib import Path

import pytest

from relay.admin.admin_file import (
    AdminFile,
    admin_token,
    read_admin_file,
    read_token,
    remove_admin_file,
    write_admin_file,
)
from relay.config.schema import Config
from relay.errors import RelayError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_it_is_private_and_says_where_the_daemon_is(tmp_path: Path, umask: int) -> None:
    """0600 whatever the umask; address, token, absolute paths of the store and the file."""
    before = os.umask(umask)
    try:
        path = write_admin_file(tmp_path, "127.0.0.1:8081", "t", tmp_path / "relay.db", tmp_path / "r.toml")
    finally:
        os.umask(before)
    assert (path, mode(path)) == (tmp_path / "admin.json", 0o600)
    assert json.loads(path.read_text()) == {
        "address": "127.0.0.1:8081",
        "token": "t",
        "store": str(tmp_path / "relay.db"),
        "file": str(tmp_path / "r.toml"),
    }


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """And printed without the token."""
    write_admin_file(tmp_path, "unix:/run/relay/admin.sock", "hush", tmp_path / "relay.db")
    said = read_admin_file(tmp_path)
    assert said == AdminFile("unix:/run/relay/admin.sock", "hush", str(tmp_path / "relay.db"))
    assert "hush" not in repr(said)


def test_an_older_one_is_replaced(tmp_path: Path) -> None:
    """Also one that a killed daemon left, whoever could read it."""
    (tmp_path / "admin.json").write_text("{}")
    (tmp_path / "admin.json").chmod(0o644)
    write_admin_file(tmp_path, "a:1", "t", tmp_path / "relay.db")
    assert mode(tmp_path / "admin.json") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["admin.json"]


def test_a_folder_that_takes_none_stops_no_daemon(tmp_path: Path) -> None:
    """A full disk is no reason not to start."""
    write_admin_file(tmp_path / "nowhere", "a:1", "t", tmp_path / "relay.db")
    assert read_admin_file(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"address": "a"}', "null", '"x"'])
def test_what_is_none_is_not_there(tmp_path: Path, text: str) -> None:
    """A file that no daemon wrote is passed over."""
    (tmp_path / "admin.json").write_text(text)
    assert read_admin_file(tmp_path) is None


def test_it_is_removed(tmp_path: Path) -> None:
    """When the daemon ends; also when it is gone already."""
    write_admin_file(tmp_path, "a:1", "t", tmp_path / "relay.db")
    remove_admin_file(tmp_path)
    remove_admin_file(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_made_once_and_kept(tmp_path: Path) -> None:
    """0600 beside the store, the same at the next start, and another one for another store."""
    store = tmp_path / "relay.db"
    assert read_token(store) is None
    token = admin_token(Config(), store)
    assert (admin_token(Config(), store), read_token(store)) == (token, token)
    assert mode(tmp_path / "admin.token") == 0o600
    assert len(token) >= 32
    (tmp_path / "other").mkdir()
    assert admin_token(Config(), tmp_path / "other" / "relay.db") != token


def test_the_files_own_token_wins(tmp_path: Path) -> None:
    """And none is made."""
    config = Config.model_validate({"admin": {"token": "mine"}})
    assert admin_token(config, tmp_path / "relay.db") == "mine"
    assert list(tmp_path.iterdir()) == []


def test_a_token_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(RelayError, match=r"admin\.token cannot be kept: .*writable by relay's user"):
        admin_token(Config(), tmp_path / "nowhere" / "relay.db")
