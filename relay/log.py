"""The log: stderr, one line an event, in the form that suits who reads it.

Names are `part.what-happened`; what it is about stands in fields: `source`, `target`, `route`, `event`,
`delivery`, `error`, `seconds`. No secret is ever a field.
"""

import io
import json
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, BinaryIO, Final, cast

import orjson
import structlog

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
PRIORITIES: Final = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""What journald reads from a leading `<N>`."""


def configure(level: str = "info", form: str = "auto", environ: Mapping[str, str] = os.environ) -> None:
    """Send all that is logged to stderr. `auto`: console on a terminal, journal under systemd, else json."""
    form = _form(environ) if form == "auto" else form
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_renderers(form),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    _libraries()


class _Stderr(io.RawIOBase):
    """Standard error as it is now. That nobody reads it any more is no reason to stop working."""

    def write(self, line: Any) -> int:
        with suppress(OSError, ValueError):
            sys.stderr.buffer.write(line)
        return len(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.buffer.flush()


def _form(environ: Mapping[str, str]) -> str:
    if sys.stderr.isatty():
        return "console"
    return "journal" if "JOURNAL_STREAM" in environ else "json"


def _renderers(form: str) -> list[structlog.typing.Processor]:
    if form == "console":
        return [_console(), _to_bytes]
    renderers: list[structlog.typing.Processor] = [structlog.processors.format_exc_info]
    return [*renderers, _journal if form == "journal" else _json]


def _console() -> structlog.typing.Processor:
    # structlog's own choice, where rich is installed, shows the variables of every frame: headers, secrets
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _to_bytes(_logger: object, _name: str, text: Any) -> bytes:
    return str(text).encode("utf-8", "replace")


def _json(_logger: object, _name: str, event: MutableMapping[str, Any]) -> bytes:
    return _dumps(event)


def _dumps(value: object) -> bytes:
    """As JSON, whatever it is: strangers' words may hold what is no text."""
    try:
        return orjson.dumps(value, default=repr)
    except TypeError:
        return json.dumps(value, default=repr).encode()


def _journal(_logger: object, _name: str, event: MutableMapping[str, Any]) -> bytes:
    """A line whose priority journald understands; it has the time itself."""
    priority = PRIORITIES.get(event.pop("level", "info"), 6)
    event.pop("timestamp", None)
    name, trace = event.pop("event", ""), event.pop("exception", "")
    fields = " ".join(f"{key}={_word(value)}" for key, value in event.items())
    lines = f"{name} {fields}".rstrip() + (f"\n{trace}" if trace else "")
    return "\n".join(f"<{priority}>{line}" for line in lines.splitlines()).encode("utf-8", "replace")


def _word(value: object) -> str:
    if isinstance(value, str) and " " not in value:
        return value
    return _dumps(value).decode()


class _Forward(logging.Handler):
    """What libraries log with the standard library goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(record.levelno, record.name, text=record.getMessage(), exc_info=record.exc_info)


def _libraries() -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Forward()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # it logs a traceback, and what stood in the line, for each request that is no HTTP: anybody's to send
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
