"""A source's own limits, and whom it takes for the sender."""

from ipaddress import ip_network
from typing import Any

import pytest

from relay.config.schema import Config
from relay.receive.source import Source, open_sources, proofs, sender_address, within
from tests.receive.stand import HMAC

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def opened(**source: Any) -> Source:
    """The source of a file that has a [server] table of its own."""
    server = {"max_body": "1MiB", "body_timeout": "7s", "ack_timeout": "2s"}
    sources, problems = open_sources(Config.model_validate({"server": server, "source": {"shop": source}}))
    assert not problems
    (only,) = sources.values()
    return only


def test_limits_of_the_server() -> None:
    """What neither the source nor its preset says is the server's."""
    source = opened(verify=HMAC, secret="s")
    assert (source.max_body, source.body_timeout, source.ack_timeout) == (1 << 20, 7, 2)
    assert (source.path, source.allow_from) == ("/in/shop", None)


def test_limits_of_the_preset() -> None:
    """GitHub waits 10 s, never repeats, and sends up to 25 MiB: more than the server would take."""
    source = opened(provider="github", secret="s")
    assert (source.max_body, source.body_timeout, source.ack_timeout) == (25 << 20, 7, 9)


def test_limits_of_its_own() -> None:
    """What the source says goes before its preset."""
    own = {"max_body": "2KiB", "body_timeout": "1s", "ack_timeout": "3s", "path": "/hooks"}
    source = opened(provider="github", secret="s", **own)
    assert (source.max_body, source.body_timeout, source.ack_timeout) == (2048, 1, 3)
    assert source.path == "/hooks"


def test_problems_of_all() -> None:
    """What is wrong with any of them is told, all at once."""
    wrong = {"verify": HMAC | {"header": "no name"}, "secret": "s"}
    sources, problems = open_sources(Config.model_validate({"source": {"a": wrong, "b": wrong}}))
    assert sources == {}
    assert [problem.path for problem in problems] == ["source.a.verify.header", "source.b.verify.header"]


def test_proofs() -> None:
    """The headers that must not reach a target, by source."""
    bearer = opened(verify={"type": "bearer"}, secret="s")
    assert proofs([bearer]) == {"shop": frozenset({b"authorization"})}
    assert proofs([opened(verify=HMAC, secret="s")]) == {"shop": frozenset()}


@pytest.mark.parametrize(
    ("peer", "forwarded", "sender"),
    [
        ("192.0.2.1", ["10.0.0.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.1", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("::1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["unknown"], "unknown"),
        ("10.0.0.1", ["192.0.2.1, \udcff"], "\udcff"),
        ("10.0.0.1", [""], ""),
    ],
)
def test_sender_address(peer: str, forwarded: list[str], sender: str) -> None:
    """The nearest that is no proxy of ours; what stands before it in the list anybody can write."""
    assert sender_address(peer, forwarded, TRUSTED) == sender


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("::ffff:10.1.2.3", True),
        ("::1", True),
        ("::1%lo", True),
        ("::2", False),
        ("", False),
        ("unknown", False),
        ("10.1.2.3:80", False),
        ("10.1.2", False),
        ("\udcff", False),
    ],
)
def test_within(address: str, inside: bool) -> None:
    """Both families, mapped addresses too; what is no address is nowhere."""
    assert within(address, TRUSTED) is inside
