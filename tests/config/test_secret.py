"""Secrets: where they come from, and that nothing shows them."""

import copy
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from relay.config.schema import AdminConfig, Config
from relay.config.secret import STAND_IN, Secret
from relay.config.target import TargetConfig
from tests.config.conftest import Reads, Tells

HIDDEN = "s3cr3t-value"
HINT = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'
ADMIN = "[admin]\ntoken = "


def token(reads: Reads, text: str, **environ: str) -> Secret:
    secret = reads(ADMIN + text, **environ).config.admin.token
    assert secret is not None
    return secret


def test_from_the_environment(reads: Reads) -> None:
    """`{ env }` is the variable's value, as it is."""
    assert token(reads, '{ env = "T" }', T=" x\n").reveal() == " x\n"


@pytest.mark.parametrize("written", ["x", "x\n", "x\r\n"])
def test_from_a_file_beside_the_config(reads: Reads, tmp_path: Path, written: str) -> None:
    """`{ file }` is what it holds, without the newline that editors add."""
    (tmp_path / "token").write_bytes(written.encode())
    assert token(reads, '{ file = "token" }').reveal() == "x"


def test_only_one_newline_is_cut(reads: Reads, tmp_path: Path) -> None:
    """Other white space belongs to the secret."""
    (tmp_path / "token").write_text(" x \n\n")
    assert token(reads, '{ file = "token" }').reveal() == " x \n"


def test_from_systemd(reads: Reads, tmp_path: Path) -> None:
    """`{ credential }` is read from $CREDENTIALS_DIRECTORY."""
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "admin").write_text("x\n")
    secret = token(reads, '{ credential = "admin" }', CREDENTIALS_DIRECTORY=str(tmp_path / "creds"))
    assert secret.reveal() == "x"


def test_a_missing_credential_is_an_error_for_the_daemon(tells: Tells) -> None:
    """Without its secret a daemon does not start, and is told who passes it."""
    assert tells(ADMIN + '{ credential = "admin" }') == [
        'F:2: admin.token: there is no credential "admin" (LoadCredential=admin:PATH in a unit of systemd)'
    ]


def test_a_missing_credential_is_a_warning_for_a_check(reads: Reads) -> None:
    """`relay check` runs outside systemd: it says so, and checks the rest with a stand-in."""
    loaded = reads(ADMIN + '{ credential = "admin" }', checking=True)
    assert [warning.at("F") for warning in loaded.warnings] == [
        "F:2: warning: admin.token: this credential is not there now (systemd passes it to the daemon)"
    ]
    assert loaded.config.admin.token is not None
    assert loaded.config.admin.token.missing
    assert loaded.config.admin.token.reveal() == STAND_IN


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('{ env = "T" }', 'the environment variable "T" is not set'),
        ('{ env = "EMPTY" }', 'the environment variable "EMPTY" is empty'),
        ('{ env = "BYTES" }', 'the environment variable "BYTES" is not UTF-8 text'),
        ('{ file = "none" }', 'the file "DIR/none" cannot be read: No such file or directory'),
        ('{ file = "." }', 'the file "DIR" cannot be read: Is a directory'),
        ('{ file = "bytes" }', 'the file "DIR/bytes" is not UTF-8 text'),
        ('{ file = "empty" }', 'the file "DIR/empty" is empty'),
        ('{ file = "huge" }', 'the file "DIR/huge" is larger than 1 MiB'),
        ('{ file = "a\\u0000" }', "its path holds a NUL"),
        ('""', "the secret is empty"),
    ],
)
def test_what_cannot_be_read(tells: Tells, tmp_path: Path, value: str, told: str) -> None:
    """Each says which one, and why; also in `relay check`."""
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "huge").write_text("x" * (1 << 20) + "y")
    environ = {"EMPTY": "", "BYTES": "\udcff"}
    assert tells(ADMIN + value, checking=True, **environ) == [f"F:2: admin.token: {told}"]


@pytest.mark.parametrize(
    "value", ["5", "{}", '{ evn = "T" }', '{ env = "T", file = "t" }', "{ env = 5 }", '{ env = "" }']
)
def test_what_is_no_secret(tells: Tells, value: str) -> None:
    """The shapes there are stand in the hint."""
    assert tells(ADMIN + value, T="x") == [f"F:2: admin.token: is no secret (write {HINT})"]


@pytest.mark.parametrize("name", ["../shadow", "/etc/shadow", ".."])
def test_a_credential_is_a_name(tells: Tells, tmp_path: Path, name: str) -> None:
    """It never leads out of the folder of credentials."""
    told = tells(f"{ADMIN}{{ credential = {name!r} }}", CREDENTIALS_DIRECTORY=str(tmp_path))
    assert told == [
        f'F:2: admin.token: "{name}" is no name of a credential (LoadCredential= in the unit names it)'
    ]


def test_several_secrets_verify(reads: Reads) -> None:
    """`secret` may be a list; one is a list of one."""
    config = reads(
        '[source.a]\nprovider = "github"\nsecret = [{ env = "A" }, { env = "B" }]\n'
        '[source.b]\nprovider = "github"\nsecret = { env = "A" }',
        A="1",
        B="2",
    ).config
    assert config.source["a"].secret == (Secret("1"), Secret("2"))
    assert config.source["b"].secret == (Secret("1"),)


def test_a_plain_secret_loads_with_a_warning(reads: Reads) -> None:
    """It is told where it stands, and not what it is."""
    loaded = reads(f'[admin]\ntoken = "{HIDDEN}"')
    assert [warning.at("F") for warning in loaded.warnings] == [
        f"F:2: warning: admin.token: a secret in plain text (better {HINT})"
    ]


def test_a_secret_shows_itself_to_nobody() -> None:
    """Neither str, repr, a format, a container, nor a copy's repr shows the value."""
    secret = Secret(HIDDEN)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>30}",
        f"{secret!r}",
        f"{[secret]}",
    ]
    shown += [repr(copy.deepcopy(secret)), repr({secret: secret}), str(dir(secret))]
    assert not any(HIDDEN in text for text in shown)
    assert not hasattr(secret, "__dict__")


def test_no_dump_of_a_config_shows_a_secret(reads: Reads) -> None:
    """repr, a dump and JSON of a whole config hold masks, for urls that are secrets too."""
    config = reads(
        f'[admin]\ntoken = "{HIDDEN}"\n[source.a]\nprovider = "github"\nsecret = ["{HIDDEN}", "{HIDDEN}2"]\n'
        f'[target.a]\nurl = {{ env = "U" }}\n[target.b]\nurl = "https://me:{HIDDEN}@example.com/"',
        U=f"https://example.com/{HIDDEN}",
    ).config
    shown = [
        repr(config),
        str(config),
        config.model_dump_json(),
        repr(config.model_dump()),
        repr(config.target),
    ]
    assert not any(HIDDEN in text for text in shown)
    assert json.loads(config.model_dump_json())["target"]["a"]["url"] == "***"
    assert config.target["a"].address == f"https://example.com/{HIDDEN}"
    assert config.target["b"].address == f"https://me:{HIDDEN}@example.com/"


@pytest.mark.parametrize(
    "text",
    [
        f'[admin]\ntoken = {{ value = "{HIDDEN}" }}',
        f'[admin]\ntoken = {{ env = {{ x = "{HIDDEN}" }} }}',
        f'[admin]\ntoken = ["{HIDDEN}"]',
        f'[admin]\ntokn = "{HIDDEN}"',
        f'[source.a]\nprovider = "github"\nsecret = ["{HIDDEN}", 5]',
        f'[source.a]\nsecret = "{HIDDEN}"\nverify = "none"',
        f'[target.a]\nurl = "ftp://{HIDDEN}"',
        f'[target.a]\nurl = "{HIDDEN}"',
        f'[target.a]\nurl = "https://{HIDDEN}:x/"',
        '[target.a]\nurl = { env = "U" }',
        f'[target.a]\nurl = "log:"\nauth = {{ type = "bearer", token = "{HIDDEN}" }}',
        f'[admin]\ntoken = "{HIDDEN}',
        f'[admin]\ntoken = "{HIDDEN}"\ntoken = "{HIDDEN}"',
    ],
)
def test_no_error_shows_a_secret(tells: Tells, text: str) -> None:
    """Whatever is wrong around a secret, its value is in no problem."""
    assert HIDDEN not in "\n".join(tells(text, U=HIDDEN))


def test_an_error_of_code_shows_no_secret() -> None:
    """A validation error that was not put in our words hides its input."""
    with pytest.raises(ValidationError) as caught:
        AdminConfig.model_validate({"tokn": HIDDEN})
    assert HIDDEN not in str(caught.value)


def test_secrets_are_equal_by_value() -> None:
    """So that a reload notices a secret that was rotated, whatever letters it has."""
    assert Secret("é") == Secret("é", plain=True)
    assert Secret("é") != Secret("e")
    assert Secret("e") != "e"
    assert len({Secret("e"), Secret("e")}) == 1


def test_a_missing_url_is_stood_in_for(reads: Reads) -> None:
    """`relay check` builds a target whose url is a credential that is not there."""
    loaded = reads('[target.a]\nurl = { credential = "u" }', checking=True)
    assert isinstance(loaded.config.target["a"], TargetConfig)
    assert loaded.config.target["a"].address == "http://missing.invalid/"
    assert [warning.path for warning in loaded.warnings] == ["target.a", "target.a.url"]


def test_code_may_give_secrets_as_they_are() -> None:
    """A config built without a file takes Secret objects and plain text."""
    config = Config.model_validate({"source": {"a": {"provider": "github", "secret": Secret("x")}}})
    assert config.source["a"].secret[0].reveal() == "x"
