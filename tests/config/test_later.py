"""What the contract names and this version lacks: told as that, not as a slip of the pen."""

import pytest

from relay.config import later
from relay.config.faults import keys
from relay.config.schema import Config, RouteConfig, TargetConfig
from relay.config.table import Table
from relay.config.verify import BasicVerify, HmacVerify, TokenVerify
from tests.config.conftest import Tells

TABLES = {
    "target": '[target.a]\nurl = "log:"\n{key} = 1',
    "route": '[target.a]\nurl = "log:"\n[route.a]\nfrom = "*"\nto = ["a"]\n{key} = 1',
    "verify": '[source.a]\nsecret = "x"\n[source.a.verify]\ntype = "token"\nheader = "A"\n{key} = 1',
    "": "[{key}.a]",
}
MODELS: dict[str, list[type[Table]]] = {
    "target": [TargetConfig],
    "route": [RouteConfig],
    "verify": [HmacVerify, TokenVerify, BasicVerify],
    "": [Config],
}


@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind, table in later.KEYS.items() for key in table]
)
def test_keys_that_come_later(tells: Tells, kind: str, key: str) -> None:
    """At that key, with what to do until then."""
    path = {"": key, "verify": f"source.a.verify.{key}"}.get(kind, f"{kind}.a.{key}")
    (told,) = tells(TABLES[kind].format(key=key))
    assert told.partition(": ")[2] == f"{path}: is not available in this version ({later.KEYS[kind][key]})"


def test_no_key_is_both_here_and_later() -> None:
    """A key that has arrived leaves the list."""
    for kind, models in MODELS.items():
        for model in models:
            assert later.KEYS[kind].keys().isdisjoint(keys(model))


@pytest.mark.parametrize("name", sorted(later.FORMATS))
def test_formats_that_come_later(tells: Tells, name: str) -> None:
    """At the format itself."""
    assert tells(f'[target.a]\nurl = "log:"\nformat = "{name}"') == [
        f'F:3: target.a.format: format "{name}" is not available in this version ({later.FORMAT_HINT})'
    ]
