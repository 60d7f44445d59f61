"""`relay send --key`: where only the sender has its private key, events are signed with one's own."""

import os
from dataclasses import replace
from pathlib import Path

import click
import orjson

from relay.clock import SystemClock
from relay.errors import RelayError
from relay.receive.providers.protocol import Request, Sample
from relay.receive.source import Source


def signing(source: Source, key: Path | None) -> Source:
    """The source, able to sign: with the key of that file, where its own secret does not do it."""
    if key is not None:
        return replace(source, provider=source.provider.with_key(_read(source, key)))
    if source.provider.needs_key:
        raise RelayError(
            f"only the sender of {source.name} can sign: its private key is nowhere but there",
            f"relay send {source.name} --key FILE signs with your own; it is made if FILE is not there",
        )
    return source


def make(source: Source, key: Path, config: Path) -> None:
    """A new key in the file, its owner's alone, and what makes `config` believe it."""
    pem = source.provider.new_key()
    if pem is None:
        raise click.UsageError(f"{source.name} signs with its secret: leave --key out")
    try:
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except OSError as error:
        raise RelayError(f"{key} cannot be written: {error.strerror}") from error
    click.echo(
        f"{key} is a new private key, to try things out. In {config}, [source.{source.name}] must hold"
    )
    click.echo(f"  {_line(source, pem, key)}")
    click.echo("Then relay reload, and the same command again. Take it out of there when you are done.")


def believed(source: Source, sample: Sample, key: Path) -> None:
    """RelayError where the source would not take what that key signs: its file does not tell of it yet."""
    now = SystemClock().now()
    headers = source.provider.sign(sample, now)
    request = Request("POST", source.path, sample.query, headers, sample.body)
    if source.provider.verify(request, now) is not None:
        line = _line(source, _read(source, key), key)
        raise RelayError(f"[source.{source.name}] does not know the key in {key}", f"it must hold {line}")


def _line(source: Source, pem: bytes, key: Path) -> str:
    """Of the source's table. The roots are replaced, so that the sender itself is not believed meanwhile."""
    word, value = source.provider.public_half(pem)
    if word == "trust":
        return (
            f"trust = {_quoted(str(key.absolute()))}    # while it does, the sender's own events are refused"
        )
    return f"secret = [{_quoted(value)}, …]    # and in place of the dots what is there now"


def _quoted(text: str) -> str:
    """As TOML has it, which for this is as JSON has it."""
    return orjson.dumps(text).decode()


def _read(source: Source, key: Path) -> bytes:
    try:
        pem = key.read_bytes()
        source.provider.public_half(pem)
    except OSError as error:
        raise RelayError(f"{key} cannot be read: {error.strerror}") from error
    except RelayError as error:
        raise RelayError(f"{key}: {error.message}", error.hint) from error
    return pem
