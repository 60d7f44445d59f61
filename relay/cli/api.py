"""The running daemon's API, as the commands call it: over HTTP, at the first place where it answers."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import quote, urlencode

import click
from typing_extensions import override

from relay.cli.find import Door, doors, unreadable
from relay.cli.option import File, config_file
from relay.errors import RelayError

API: Final = "/api/v1"
PATIENCE: Final = 10.0
"""Seconds for an answer; calls that do much have more."""
ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  what is listened at, from here


class NotRunning(RelayError):
    """Nobody answers at any place where the daemon could be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the JSON that came with it."""

    status: int
    document: dict[str, Any]


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connection(address: str, timeout: float) -> HTTPConnection:
    """To `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`; what listens anywhere is reached over loopback."""
    if address.startswith("unix:"):
        return UnixConnection(address.removeprefix("unix:"), timeout)
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return HTTPConnection(ANYWHERE.get(host, host), int(port) if port.isdecimal() else None, timeout=timeout)


class Api:
    """The daemon of one configuration file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._found: Door | None = None

    def get(
        self, path: str, parameters: Mapping[str, Any] | None = None, timeout: float = PATIENCE
    ) -> Answer:
        """`GET /api/v1/PATH`; RelayError where it is refused."""
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        query = f"?{urlencode(given)}" if given else ""
        return _done(self._call("GET", f"{API}/{path}{query}", None, timeout))

    def post(self, path: str, fields: Mapping[str, Any] | None = None, timeout: float = PATIENCE) -> Answer:
        """`POST /api/v1/PATH`; RelayError where it is refused."""
        given = {name: value for name, value in (fields or {}).items() if value is not None}
        return _done(self._call("POST", f"{API}/{path}", json.dumps(given), timeout))

    def reload(self, timeout: float) -> Answer:
        """As it was answered: 200, or 409 with the problems."""
        answer = self._call("POST", f"{API}/reload", None, timeout)
        return answer if answer.status == 409 else _done(answer)

    def health(self) -> Answer:
        """Which needs no token: 200, or 503 with the reasons."""
        answer = self._try(doors(self._file, open_to_all=True), "GET", "/health", None, PATIENCE)
        return answer if "checks" in answer.document else _done(answer)

    def _call(self, method: str, path: str, body: str | None, timeout: float) -> Answer:
        found = iter([self._found]) if self._found is not None else doors(self._file)
        return self._try(found, method, path, body, timeout)

    def _try(
        self, places: Iterator[Door], method: str, path: str, body: str | None, timeout: float
    ) -> Answer:
        """Of the first place where somebody answers who takes the token."""
        refused: Answer | None = None
        for door in places:
            answer = _knock(door, method, path, body, timeout)
            if answer is not None and answer.status != 401:
                self._found = door
                return answer
            refused = answer or refused
        if refused is not None:
            return refused
        raise _nobody(self._file)


def api() -> Api:
    """Of the file that this command line means."""
    return Api(config_file())


def _nobody(file: File) -> NotRunning:
    if file.named and not os.path.lexists(file.path):
        return NotRunning("relay is not running by that file", f"there is no file {file.path}")
    hidden = unreadable(file)
    if hidden is not None:
        return NotRunning(
            "relay is not running, or not for this user", f"{hidden} is not yours to read; try sudo"
        )
    return NotRunning("relay is not running", f"-c FILE names its configuration; this one is {file.path}")


def _knock(door: Door, method: str, path: str, body: str | None, timeout: float) -> Answer | None:
    """None where nobody is there."""
    line = connection(door.address, timeout)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if door.token is not None:
        headers["Authorization"] = f"Bearer {door.token}"
    try:
        line.request(method, path, body, headers)
        response = line.getresponse()
        return Answer(response.status, _document(response.read(), door))
    except (ConnectionRefusedError, FileNotFoundError, socket.gaierror):
        return None
    except TimeoutError:
        raise RelayError(f"relay at {door.address} does not answer within {timeout:.0f} s") from None
    except (OSError, HTTPException) as error:
        raise RelayError(f"relay at {door.address} cannot be asked: {error}") from error
    finally:
        line.close()


def _document(raw: bytes, door: Door) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise RelayError(f"what answers at {door.address} is no relay", "is its port another program's?")
    return document


def _done(answer: Answer) -> Answer:
    """The answer, if it is a good one. A wrong parameter is a wrong word of the command line."""
    if answer.status < 400:
        return answer
    error, hint = str(answer.document.get("error", answer.status)), str(answer.document.get("hint", ""))
    if answer.status == 400:
        raise click.UsageError(f"{error} ({hint})" if hint else error, click.get_current_context(silent=True))
    raise RelayError(error, hint)


def segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")
