"""`relay send`."""

from collections.abc import Sequence
from dataclasses import replace
from http.client import HTTPException
from typing import Any, BinaryIO, Final

import click
import orjson

from relay.cli.api import connection
from relay.cli.curl import commands
from relay.cli.option import Command, config_file, environ
from relay.clock import SystemClock
from relay.config.choice import listed, meant
from relay.config.load import Loaded, load
from relay.config.rules import routes
from relay.config.schema import Config
from relay.delivery import Delivery
from relay.errors import ConfigError, RelayError
from relay.event import Event, Headers
from relay.receive.providers.protocol import Identity, Provider, Rejected, Request, Sample
from relay.receive.source import Source, open_sources
from relay.route import Routes

PATIENCE: Final = 30.0
NO_ID: Final = "0" * 20
"""Stands for the id that an event is given when it is accepted."""


@click.command("send", cls=Command)
@click.argument("source")
@click.option("--type", "kind", metavar="TYPE", help="The event's type.  [default: the sender's most usual]")
@click.option("--body", type=click.File("rb"), metavar="FILE", help="The body; - is standard input.")
@click.option(
    "--dry-run", is_flag=True, help="Only show which routes would take it, and what each target gets."
)
@click.option("--count", type=click.IntRange(min=1), default=1, metavar="N", help="So many events.")
def command(source: str, *, kind: str | None, body: BinaryIO | None, dry_run: bool, count: int) -> int:
    """Sign an event as the sender of SOURCE would, and post it to the running daemon."""
    loaded = load(config_file().path, checking=True, environ=environ())
    door = _source(source, loaded)
    if any(secret.missing for secret in loaded.config.source[source].secret):
        raise RelayError(f"the secret of {source} is a credential of systemd's, not at hand here", "try sudo")
    given = None if body is None else body.read()
    if dry_run:
        return _show(loaded, door, _sample(door.provider, kind, given))
    accepted = [_post(loaded.config, door, _sample(door.provider, kind, given)) for _ in range(count)]
    return 0 if all(accepted) else 1


def _source(name: str, loaded: Loaded) -> Source:
    found, problems = open_sources(loaded.config)
    if problems:
        raise ConfigError(str(loaded.file), loaded.locate_problems(problems))
    sources = {source.name: source for source in found.values()}
    if name not in sources:
        hint = meant(name, sources) or f"there are {listed(sources)}"
        raise click.UsageError(f"there is no source {listed([name])} in {loaded.file} ({hint})")
    return sources[name]


def _sample(provider: Provider, kind: str | None, body: bytes | None) -> Sample:
    """What to send: a body that was given, else a sample of that type."""
    samples = provider.samples()
    chosen = next((sample for sample in samples if sample.type == kind), None)
    if body is not None:
        return replace(chosen or samples[0], type=kind or samples[0].type, body=body)
    if kind is None:
        return samples[0]
    return chosen or _another(provider, samples, kind)


def _another(provider: Provider, samples: Sequence[Sample], kind: str) -> Sample:
    """The only sample, as one of type `kind`; a usage error where that cannot be made."""
    made = replace(samples[0], type=kind, body=_retyped(samples[0], kind))
    if len(samples) == 1 and _type(provider, made) == kind:
        return made
    words = [sample.type for sample in samples]
    hint = meant(kind, words) or f"there are {listed(words)}; --body FILE sends any"
    raise click.UsageError(f"there is no sample of type {listed([kind])} ({hint})")


def _retyped(sample: Sample, kind: str) -> bytes:
    """The body, with `kind` wherever it says its own type."""
    try:
        return orjson.dumps(_replaced(orjson.loads(sample.body), sample.type, kind))
    except orjson.JSONDecodeError:
        return sample.body


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(part, old, new) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, old, new) for part in value]
    return new if value == old else value


def _type(provider: Provider, sample: Sample) -> str | None:
    """As the daemon would see it."""
    headers = provider.sign(sample, SystemClock().now())
    identity = provider.identify(Request("POST", "", "", headers, sample.body))
    return identity.type if isinstance(identity, Identity) else None


def _show(loaded: Loaded, source: Source, sample: Sample) -> int:
    """What would become of it: nothing is sent."""
    now = SystemClock().now()
    headers = source.provider.sign(sample, now)
    identity = source.provider.identify(Request("POST", source.path, "", headers, sample.body))
    if isinstance(identity, Rejected):
        raise RelayError(f"it would be refused with {identity.status}: {identity.reason}")
    kind = identity.type or source.name
    event = Event(NO_ID, source.name, identity.key, kind, "webhook", now, sample.body, headers)
    planned = Routes(routes(loaded.config)).of(source.name)
    deliveries = [
        Delivery(f"{NO_ID}-{n}", f"{NO_ID}-{n}", each.route, each.target, 0, 0, now, event)
        for n, each in enumerate(planned, start=1)
    ]
    click.echo("\n".join(commands(deliveries, loaded)) or "no route takes it: it would be kept, unrouted")
    return 0


def _post(config: Config, source: Source, sample: Sample) -> bool:
    """Whether it was accepted; what was answered is told."""
    headers = source.provider.sign(sample, SystemClock().now())
    address = str(config.server.listen)
    line = connection(address, PATIENCE)
    try:
        line.putrequest("POST", source.path, skip_accept_encoding=True)
        for name, value in (*headers, *_length(sample)):
            line.putheader(name.decode("latin-1"), value)
        line.endheaders(sample.body)
        response = line.getresponse()
        response.read()
    except (OSError, HTTPException) as error:
        raise RelayError(f"nothing was sent to {address}: {error}", "is relay running?") from error
    finally:
        line.close()
    id, duplicate = response.getheader("Relay-Event-Id"), response.getheader("Relay-Duplicate")
    words = [
        str(response.status),
        response.reason,
        *([id] if id else []),
        *(["duplicate"] if duplicate else []),
    ]
    click.echo(" ".join(words))
    return 200 <= response.status < 300


def _length(sample: Sample) -> Headers:
    return ((b"Content-Length", b"%d" % len(sample.body)),)
