"""What the contract names and this version lacks: told as that, not as a slip of the pen."""

import pytest

from relay.config import later
from relay.config.faults import keys
from relay.config.verify import BasicVerify, HmacVerify, TokenVerify
from tests.config.conftest import Tells


@pytest.mark.parametrize("key", later.VERIFY)
def test_keys_that_come_later(tells: Tells, key: str) -> None:
    """At that key, with what to do until then."""
    table = '[source.a]\nsecret = "x"\n[source.a.verify]\ntype = "token"\nheader = "A"\n'
    assert tells(f"{table}{key} = 1") == [
        f"F:6: source.a.verify.{key}: is not available in this version ({later.VERIFY[key]})"
    ]


def test_no_key_is_both_here_and_later() -> None:
    """A key that has arrived leaves the list."""
    for model in (HmacVerify, TokenVerify, BasicVerify):
        assert later.VERIFY.keys().isdisjoint(keys(model))
