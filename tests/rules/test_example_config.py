"""`config.example.toml` and the schema tell the same."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from relay.config.api import ApiConfig
from relay.config.auth import BasicAuth, BearerAuth, HeaderAuth, OAuth2Auth, QueryAuth
from relay.config.faults import keys
from relay.config.jsonschema import json_schema
from relay.config.load import Loaded, load
from relay.config.poll import DetailConfig, GapConfig, PollConfig, WatchConfig
from relay.config.route import EnrichConfig, RouteConfig
from relay.config.schema import (
    AdminConfig,
    AlertsConfig,
    Config,
    HealthConfig,
    LogConfig,
    ServerConfig,
    SourceConfig,
    StoreConfig,
)
from relay.config.table import Table
from relay.config.target import (
    BatchConfig,
    HmacSign,
    MtlsAuth,
    RetryConfig,
    RotateConfig,
    StandardSign,
    TargetConfig,
)
from relay.config.verify import (
    BasicVerify,
    HandshakeConfig,
    HmacVerify,
    PairsConfig,
    TimestampConfig,
    TokenVerify,
)
from relay.parts import open_parts
from relay.receive.providers.known import build

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SETTING = re.compile(r"^#(?=[^ \n])", re.MULTILINE)
SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"


def everything() -> str:
    """The example with every commented setting switched on."""
    return SETTING.sub("", EXAMPLE.read_text())


@pytest.fixture
def whole(tmp_path: Path) -> Loaded:
    text = everything()
    (tmp_path / "erp.secret").write_text(SECRET)
    (tmp_path / "admin").write_text(SECRET)
    root, key = certificate()
    for name in ("paypal.pem", "ca.pem", "relay.pem"):
        (tmp_path / name).write_bytes(root)
    (tmp_path / "relay.key").write_bytes(key)
    (tmp_path / "relay.toml").write_text(text)
    names = re.findall(r'env = "([A-Z_]+)"', text.partition("[server]")[2])
    environ = dict.fromkeys([*names, "STRIPE_KEY"], SECRET)  # the last one is of a preset that it uses
    return load(tmp_path / "relay.toml", environ=environ | {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def certificate() -> tuple[bytes, bytes]:
    """A root of our own, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a root")])
    at = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), at, at)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), pem


def test_it_works_as_it_stands() -> None:
    """Without any environment: a signed source, a target that prints, a route; one plain secret, told of."""
    loaded = load(EXAMPLE, environ={})
    assert [warning.path for warning in loaded.warnings] == ["source.demo.secret"]
    assert loaded.config.target["print"].url == "log:"
    assert loaded.config.route["demo"].sources == ("demo",)
    assert loaded.config.store.url == "sqlite:relay.db"


def test_every_setting_in_it_loads(whole: Loaded) -> None:
    """All comments taken away, it is a config that every source's provider can be built from."""
    public_url = whole.config.server.public_url
    built = {name: build(name, source, public_url) for name, source in whole.config.source.items()}
    assert {name: found for name, found in built.items() if isinstance(found, list)} == {}
    assert {type(source.verify).__name__ for source in whole.config.source.values()} == {
        "HmacVerify", "TokenVerify", "BearerVerify", "BasicVerify", "NoVerify", "NoneType",
        "DigestVerify", "Ed25519Verify", "EcdsaVerify",
    }  # fmt: skip


def test_every_expression_in_it_compiles(whole: Loaded) -> None:
    """Polls and watches, routes, enrichments and targets that can be copied as they stand, and be kept."""
    parts, problems = open_parts(whole.config)
    assert problems == []
    assert parts.definitions.polls.keys() == whole.config.poll.keys()
    assert parts.definitions.watches.keys() == whole.config.watch.keys()
    assert parts.blueprint.makers.keys() == whole.config.target.keys()


def test_it_is_worth_copying(whole: Loaded) -> None:
    """All in it is used, and nothing is warned of but its plain secrets, and sources without id."""
    warnings = {warning.text.partition(":")[0] for warning in whole.warnings}
    assert warnings == {"a secret in plain text", "has no id"}


def tables(raw: dict[str, Any]) -> Iterator[tuple[list[type[Table]], dict[str, Any]]]:
    """The models of each kind of table, and such tables of the example."""
    for model in (ServerConfig, AdminConfig, StoreConfig, LogConfig, HealthConfig, AlertsConfig):
        yield [model], raw[model.__name__.removesuffix("Config").lower()]
    sources = list(raw["source"].values())
    verifies = [source["verify"] for source in sources if isinstance(source.get("verify"), dict)]
    yield [Config], raw
    yield [SourceConfig], joined(sources)
    yield [HmacVerify, TokenVerify, BasicVerify], joined(verifies)
    yield [HandshakeConfig], joined([shake for source in sources for shake in source.get("handshake", ())])
    yield [TimestampConfig], joined([verify["timestamp"] for verify in verifies if "timestamp" in verify])
    yield [PairsConfig], joined([verify["pairs"] for verify in verifies if "pairs" in verify])
    yield [RouteConfig], joined(list(raw["route"].values()))
    yield from reached(raw)
    yield from asked(raw)


def reached(raw: dict[str, Any]) -> Iterator[tuple[list[type[Table]], dict[str, Any]]]:
    """The same of targets; how each type of auth but one is written, apis show."""
    targets = list(raw["target"].values())
    yield [TargetConfig], joined(targets)
    for key, model in (("retry", RetryConfig), ("batch", BatchConfig), ("rotate", RotateConfig)):
        yield [model], joined([target[key] for target in targets if key in target])
    signs = [target["sign"] for target in targets if "sign" in target]
    yield [StandardSign, HmacSign], joined(signs)
    assert {sign["type"] for sign in signs} == {"standard-webhooks", "hmac"}
    auths = [target["auth"] for target in targets if "auth" in target]
    yield [BearerAuth, MtlsAuth], joined(auths)


def asked(raw: dict[str, Any]) -> Iterator[tuple[list[type[Table]], dict[str, Any]]]:
    """The same of what is asked: polls, watches and enrichments show what they have in common once."""
    apis = list(raw["api"].values())
    polls = [table for kind in ("poll", "watch", "enrich") for table in raw[kind].values()]
    yield [ApiConfig], joined(apis)
    auths: list[type[Table]] = [BearerAuth, BasicAuth, HeaderAuth, QueryAuth, OAuth2Auth]
    yield auths, joined([api["auth"] for api in apis if "auth" in api])
    yield [PollConfig, WatchConfig, EnrichConfig], joined(polls)
    yield [GapConfig], joined([poll["gap"] for poll in polls if "gap" in poll])
    yield [DetailConfig], joined([poll["detail"] for poll in polls if "detail" in poll])


def joined(tables: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: value for table in tables for key, value in table.items()}


def test_every_key_stands_in_it() -> None:
    """What a table can hold is shown, active or as a comment."""
    for models, table in tables(tomllib.loads(everything())):
        assert {key for model in models for key in keys(model)} == table.keys(), models


@pytest.mark.parametrize("section", ["server", "admin", "store", "log", "health", "alerts"])
def test_what_it_shows_as_defaults_are_defaults(whole: Loaded, section: str) -> None:
    """But for the keys that have none, the tables that always are say what is so anyway."""
    shown, default = getattr(whole.config, section), getattr(Config(), section)
    none = {"public_url", "trusted_proxies", "token"}
    different = {key for key in keys(type(shown)) if getattr(shown, key) != getattr(default, key)}
    assert different <= none


def test_a_targets_defaults_are_defaults(whole: Loaded) -> None:
    """The http target shows them all; only its url and rate are its own."""
    shown, default = whole.config.target["billing"], whole.config.target["print"]
    assert {key for key in keys(TargetConfig) if getattr(shown, key) != getattr(default, key)} == {
        "url",
        "rate",
    }


@pytest.mark.parametrize("text", [EXAMPLE.read_text(), everything()], ids=["as it stands", "everything"])
def test_editors_accept_it(tmp_path: Path, text: str) -> None:
    """A checker of TOML by JSON Schema finds nothing wrong, and does find what is."""
    taplo = shutil.which("taplo", path=str(Path(sys.executable).parent)) or shutil.which("taplo")
    if taplo is None:
        pytest.skip("taplo is not installed")
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(json_schema()))
    command = [taplo, "lint", "--no-auto-config", "--schema", schema.as_uri()]
    for name, body, code in (("good.toml", text, 0), ("bad.toml", text + '\n[log2]\nlevel = "x"\n', 1)):
        (tmp_path / name).write_text(body)
        done = subprocess.run([*command, str(tmp_path / name)], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
