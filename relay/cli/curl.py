"""Deliveries as commands to repeat them: what a target got. No secret stands in them.

A request over HTTP is one of curl's, a program is run with its variables. What goes to any other target is
shown as a request to a url of one's own.
"""

import base64
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Final

from relay.cli.plans import Owed
from relay.cli.plans_shown import remarks
from relay.config.secret import MASK
from relay.deliver.headers import Envelope
from relay.deliver.targets.open import Outgoing
from relay.delivery import Delivery

UNKNOWN_URL: Final = '"$URL"'
"""Where the file names no such target, or one that has no url to show."""
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
CERTIFICATE: Final = '--cert "$CERTIFICATE" --key "$KEY"'
Pairs = Iterable[tuple[str, str]]


def commands(attempts: Iterable[tuple[Delivery, Owed | None]]) -> Iterator[str]:
    """One for each delivery. Without an `Owed` nothing is known of its target, and it is shown as it came."""
    for delivery, owed in attempts:
        yield f"# {delivery.route} → {delivery.target}"
        if owed is None:
            yield _curl(UNKNOWN_URL, Envelope({}).headers(delivery).items(), delivery.event.body)
            continue
        yield from (f"# {line}" for line in remarks(owed))
        if owed.outgoing is not None:
            yield _command(owed.outgoing)


def _command(sent: Outgoing) -> str:
    match sent.kind:
        case "http":
            more = (CERTIFICATE,) if "certificate" in sent.place else ()
            return _curl(_url(sent.place["url"]), sent.headers, sent.body, more)
        case "exec":
            return _run(sent)
    return f"# to {sent.place['url']}\n{_curl(UNKNOWN_URL, sent.headers, sent.body)}"


def _url(url: str) -> str:
    """Of one that is masked, what a route puts behind it."""
    if not url.startswith(MASK):
        return shlex.quote(url)
    path = url.removeprefix(MASK)
    return UNKNOWN_URL + (shlex.quote(path) if path else "")


def _curl(url: str, headers: Pairs, body: bytes, more: Iterable[str] = ()) -> str:
    pairs = list(headers)
    if not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", ""))
    parts = [f"curl -i -X POST {url}", *more, *[_header(name, value) for name, value in pairs]]
    text = _text(body)
    if text is not None:
        # a body that begins with @ is a file's name to --data-binary
        return " \\\n  ".join([*parts, f"--data-raw {shlex.quote(text)}"])
    return f"{_decoded(body)} | " + " \\\n  ".join([*parts, "--data-binary @-"])


def _header(name: str, value: str) -> str:
    """As curl wants it: one with an empty value has a semicolon, and no Content-Type of its own is added."""
    value = _steady(value)
    if not value:
        return "-H 'Content-Type:'" if name == "Content-Type" else f"-H {shlex.quote(f'{name};')}"
    return f"-H {shlex.quote(f'{name}: {value}')}"


def _run(sent: Outgoing) -> str:
    inherited = [f'{name}="${name}"' for name in sent.place["inherits"]]
    given = [shlex.quote(f"{name}={_steady(value)}") for name, value in sent.headers]
    parts = ["env -i", *inherited, *given, shlex.join(sent.place["command"])]
    text = _text(sent.body)
    body = _decoded(sent.body) if text is None else f"printf %s {shlex.quote(text)}"
    return f"{body} | " + " \\\n  ".join(parts)


def _text(body: bytes) -> str | None:
    """None where a command line cannot hold it, or would steer a terminal."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(text) else text


def _steady(value: str) -> str:
    """A value that steers no terminal."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)


def _decoded(body: bytes) -> str:
    return f"echo {base64.b64encode(body).decode()} | base64 -d"
