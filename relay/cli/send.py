"""`relay send`."""

from collections.abc import Sequence
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO, Final

import click

from relay.cli.answers import answer_option, read_answers
from relay.cli.api import connection
from relay.cli.dry_run import show_dry_run
from relay.cli.option import Command, config_file, environ
from relay.cli.private_key import believed, make, signing
from relay.clock import SystemClock
from relay.config.choice import listed, meant
from relay.config.load import Loaded, load
from relay.config.schema import Config
from relay.errors import ConfigError, RelayError
from relay.event import Headers
from relay.form import is_form
from relay.receive.providers.protocol import Identity, Provider, Request, Sample
from relay.receive.providers.sample import retyped
from relay.receive.source import Source, open_sources

PATIENCE: Final = 30.0
HINTS: Final = {
    401: "the daemon has another secret, or says in its log what is wrong (receive.refused)",
    404: "the daemon does not know this source yet: relay reload",
}


@click.command("send", cls=Command)
@click.argument("source")
@click.option("--type", "kind", metavar="TYPE", help="The event's type.  [default: the sender's most usual]")
@click.option("--body", type=click.File("rb"), metavar="FILE", help="The body; - is standard input.")
@click.option(
    "--dry-run", is_flag=True, help="Only show which routes would take it, and what each target gets."
)
@answer_option()
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: all that it shows, as one document.")
@click.option("--count", type=click.IntRange(min=1), default=1, metavar="N", help="So many events.")
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sign with this private key (PEM), where only the sender has the real one; made if it is not there.",
)
def command(
    source: str,
    *,
    kind: str | None,
    body: BinaryIO | None,
    dry_run: bool,
    answers: tuple[str, ...],
    as_json: bool,
    count: int,
    key: Path | None,
) -> int:
    """Sign an event as the sender of SOURCE would, and post it to the running daemon."""
    if not dry_run and (answers or as_json):
        raise click.UsageError("--answer and --json go with --dry-run: nothing else is shown")
    loaded = load(config_file().path, checking=True, environ=environ())
    door = _source(source, loaded)
    if any(secret.missing for secret in loaded.config.source[source].secret):
        raise RelayError(f"the secret of {source} is a credential of systemd's, not at hand here", "try sudo")
    if key is not None and not key.exists():
        if dry_run:
            raise click.UsageError(f"there is no {key}: without --dry-run it is made")
        make(door, key, loaded.file)
        return 0
    door = signing(door, key)
    given = None if body is None else body.read()
    if dry_run:
        said = read_answers(answers, loaded.config.enrich)
        show_dry_run(loaded, door, _sample(door.provider, kind, given), said, as_json=as_json)
        return 0
    if key is not None:
        believed(door, door.provider.samples()[0], key)
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
        like = chosen or (_alike(samples, body) if kind is None else retyped(samples[0], kind))
        return replace(like, body=body)
    if kind is None:
        return samples[0]
    return chosen or _another(provider, samples, kind)


def _alike(samples: Sequence[Sample], body: bytes) -> Sample:
    """The sample whose headers suit a body: of a sender that posts JSON and forms, one of the same sort."""
    form = not body.lstrip().startswith((b"{", b"["))
    alike = (sample for sample in samples if is_form(sample.content_type.encode()) == form)
    return next(alike, samples[0])


def _another(provider: Provider, samples: Sequence[Sample], kind: str) -> Sample:
    """The only sample, as one of type `kind`; a usage error where that cannot be made."""
    made = retyped(samples[0], kind)
    if len(samples) == 1 and _type(provider, made) == kind:
        return made
    words = [sample.type for sample in samples]
    hint = meant(kind, words) or f"there are {listed(words)}; --body FILE sends any"
    raise click.UsageError(f"there is no sample of type {listed([kind])} ({hint})")


def _type(provider: Provider, sample: Sample) -> str | None:
    """As the daemon would see it."""
    headers = provider.sign(sample, SystemClock().now())
    identity = provider.identify(Request("POST", "", sample.query, headers, sample.body))
    return identity.type if isinstance(identity, Identity) else None


def _post(config: Config, source: Source, sample: Sample) -> bool:
    """Whether it was accepted; what was answered is told."""
    headers = source.provider.sign(sample, SystemClock().now())
    address = str(config.server.listen)
    line = connection(address, PATIENCE)
    try:
        line.putrequest("POST", f"{source.path}?{sample.query}".rstrip("?"), skip_accept_encoding=True)
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
    if response.status in HINTS:
        click.echo(f"relay: {HINTS[response.status]}", err=True)
    return 200 <= response.status < 300


def _length(sample: Sample) -> Headers:
    return ((b"Content-Length", b"%d" % len(sample.body)),)
