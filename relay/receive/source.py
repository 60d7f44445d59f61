"""A source: a sender's door, as it is open now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from relay.config.schema import Config, SourceConfig
from relay.errors import Problem
from relay.receive.providers.known import build
from relay.receive.providers.protocol import Provider

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Its own limits, else its preset's, else the server's. Durations in seconds, sizes in bytes."""

    name: str
    path: str
    provider: Provider
    max_body: int
    body_timeout: float
    ack_timeout: float
    allow_from: Networks | None


def open_sources(config: Config) -> tuple[dict[str, Source], list[Problem]]:
    """Every source by its path, and everything that is wrong with any of them."""
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    for name, table in config.source.items():
        provider = build(name, table, config.server.public_url)
        if isinstance(provider, list):
            problems += provider
        else:
            sources[table.path] = _source(name, table, provider, config)
    return sources, problems


def _source(name: str, table: SourceConfig, provider: Provider, config: Config) -> Source:
    server = config.server
    return Source(
        name=name,
        path=table.path,
        provider=provider,
        max_body=provider.max_body or server.max_body,
        body_timeout=table.body_timeout or server.body_timeout,
        ack_timeout=provider.ack_timeout or server.ack_timeout,
        allow_from=table.allow_from,
    )


def proofs(sources: Iterable[Source]) -> Mapping[str, frozenset[bytes]]:
    """Source name → the headers that proved the sender to us, and go no further."""
    return {source.name: source.provider.proofs for source in sources}


def sender_address(peer: str, forwarded: Iterable[str], trusted: Networks) -> str:
    """Who sent it: the peer, or what the nearest proxies that we trust say of it (X-Forwarded-For)."""
    hops = [part.strip() for value in forwarded for part in value.split(",")]
    while hops and within(peer, trusted):
        peer = hops.pop()
    return peer


def within(address: str, networks: Networks) -> bool:
    """Whether `address` is in any of `networks`; what is no address is in none."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return any((mapped or ip) in network for network in networks)
