"""Where a daemon is looked for, and in which order."""

from pathlib import Path

import pytest

from relay.admin.admin_file import write_admin_file
from relay.cli import find
from relay.cli.find import doors, sketch, stores, unreadable
from relay.cli.option import File


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file whose store is elsewhere than beside it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "run").mkdir()
    path = tmp_path / "relay.toml"
    path.write_text('[store]\nurl = "sqlite:data/my.db"\n')
    return path


def found(file: Path, *, named: bool = True, open_to_all: bool = False) -> list[tuple[str, str | None]]:
    places = doors(File(file, named), open_to_all=open_to_all)
    return [(door.address, door.token) for door in places]


def test_beside_the_store_first_then_where_systemd_has_it(file: Path, tmp_path: Path) -> None:
    """What a daemon wrote is likelier than what the file says now."""
    write_admin_file(tmp_path / "run", "a:3", "t3", tmp_path / "other.db")
    write_admin_file(tmp_path / "data", "a:2", "t2", tmp_path / "data" / "my.db")
    assert found(file) == [("a:2", "t2"), ("a:3", "t3")]


def test_the_runtime_directory_comes_before_all(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in ExecReload, where systemd sets it; the store is in the state directory then."""
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path / 'state'}:/else")
    write_admin_file(tmp_path, "a:1", "t1", tmp_path / "state" / "data" / "my.db")
    assert found(file) == [("a:1", "t1")]


def test_the_daemon_of_another_store_is_not_meant(file: Path, tmp_path: Path) -> None:
    """Two stores in one folder have one `admin.json`: it is the last one's."""
    write_admin_file(tmp_path / "data", "a:1", "t", tmp_path / "data" / "other.db")
    assert found(file) == []


@pytest.mark.parametrize(("named", "places"), [(True, []), (False, [("a:1", "t")])])
def test_a_file_that_was_named_means_no_other_daemon(
    file: Path, tmp_path: Path, named: bool, places: list[tuple[str, str]]
) -> None:
    """`relay -c dev.toml discard` never reaches the server's own daemon."""
    write_admin_file(tmp_path / "run", "a:1", "t", tmp_path / "x.db", tmp_path / "server.toml")
    assert found(file, named=named) == places


def test_the_same_file_by_another_name_is_the_same(file: Path, tmp_path: Path) -> None:
    """A symbolic link leads to the daemon."""
    write_admin_file(tmp_path / "run", "a:1", "t", tmp_path / "x.db", file)
    (tmp_path / "link.toml").symlink_to(file)
    assert found(tmp_path / "link.toml") == [("a:1", "t")]


def test_a_file_that_is_not_there_leads_to_systemds(tmp_path: Path, file: Path) -> None:
    """`relay status` on a server whose file is elsewhere, or not this user's to read."""
    write_admin_file(tmp_path / "run", "a:1", "t", tmp_path / "x.db", file)
    assert found(tmp_path / "none.toml", named=False) == [("a:1", "t")]


def test_the_file_itself_comes_last(file: Path, tmp_path: Path) -> None:
    """[admin] listen, with its own token; else with the one beside the store."""
    file.write_text('[admin]\nlisten = "[::1]:9"\ntoken = "mine"\n')
    assert found(file) == [("[::1]:9", "mine")]
    file.write_text('[admin]\nlisten = "unix:a.sock"\n')
    assert found(file) == []
    (tmp_path / "admin.token").write_text("kept\n")
    assert found(file) == [(f"unix:{tmp_path}/a.sock", "kept")]


def test_what_needs_no_token_needs_none_to_be_there(file: Path) -> None:
    """/health of the file's own listener."""
    assert found(file, open_to_all=True) == [("127.0.0.1:8081", None)]


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ('[store]\nurl = "sqlite:data/my.db"\n[source', "data/my.db"),
        ("[store]\n  url = 'sqlite:/abs/my.db'\n= = =", "/abs/my.db"),
        ("= = =", "relay.db"),
        ("[store]\nurl = 5\n", "relay.db"),
        ("store = 5\nadmin = []\n", "relay.db"),
        ("x = " + "[" * 5000, "relay.db"),
        ("\ufeff[store]\r\nurl = 'sqlite:x.db'\r\n", "x.db"),
    ],
)
def test_a_broken_file_still_leads_to_its_store(file: Path, tmp_path: Path, text: str, store: str) -> None:
    """The daemon that runs on the old one has to be told to read it again."""
    file.write_text(text)
    assert sketch(file).store == tmp_path / store


def test_a_systems_store_is_looked_for_where_systemd_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relative store of /etc/relay/relay.toml is in /var/lib/relay."""
    monkeypatch.setattr(find, "SYSTEM_CONFIG", tmp_path)
    assert list(stores(File(tmp_path / "relay.toml", named=False))) == [
        tmp_path / "relay.db",
        Path("/var/lib/relay/relay.db"),
    ]


def test_another_users_daemon_is_told_apart(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one, but it is not this user's to ask."""
    path = write_admin_file(tmp_path / "data", "a:1", "t", tmp_path / "data" / "my.db")
    assert unreadable(File(file, named=True)) is None
    monkeypatch.setattr("os.access", lambda *_args: False)
    assert unreadable(File(file, named=True)) == path
