"""`exec:` runs a program for each delivery: the body on stdin, the headers in its environment, and its exit
status decides.

It runs as the daemon's user, in the daemon's sandbox and working directory, with the daemon's umask.
"""

import asyncio
import errno
import os
import re
import signal
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from multidict import CIMultiDict

from relay.config.target import TargetConfig
from relay.deliver.targets.child import GRACE, Child
from relay.deliver.targets.means import Maker
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict
from relay.text import wire

INHERITED: Final = (b"PATH", b"HOME", b"LANG", b"TZ")
"""What a program gets of the daemon's environment: no secret is there. Nor does any header set one."""
OURS: Final = frozenset({"idempotency-key", "traceparent", "content-type"})
"""Beside `Relay-*`: no header that becomes the same variable (`relay_type`) takes their place."""
LOADED_BY: Final = re.compile(
    rb"LD_.*|GCONV_PATH|GLIBC_TUNABLES|ENV|IFS|PS4|SHELLOPTS|BASH_.*|PYTHON[A-Z].*|PERL5.*|RUBY(LIB|OPT)"
    rb"|NODE_(OPTIONS|PATH)|JAVA_TOOL_OPTIONS"
)
"""Variables by which loaders, shells and interpreters run something else before the program: no header
becomes one, for its value may be a stranger's."""
TAKEN: Final = Reply(Verdict.TAKEN)


def prepare(_name: str, table: TargetConfig) -> Maker:
    """Whether there is such a program is seen when it is started: it may come later, and go."""
    command = (table.address.partition(":")[2], *table.args)
    return lambda _means: ExecTarget(command, table.timeout)


class ExecTarget:
    """`url = "exec:/path"`. `timeout` and `grace` in seconds."""

    takes_senders_headers = False
    places: Mapping[str, Place] = {}

    def __init__(self, command: tuple[str, ...], timeout: float, grace: float = GRACE) -> None:
        self._command = command
        self._timeout = timeout
        self._grace = grace

    async def send(self, message: Message, now: int) -> Reply:  # noqa: ARG002  the protocol's
        try:
            child = Child(self._command, environment(message.headers), message.body, self._grace)
        except OSError as error:
            return _not_started(error)
        try:
            async with asyncio.timeout(self._timeout):
                how = _how(await child.end())
        except TimeoutError:
            how = f"no end within {self._timeout:g} s"
        finally:
            await child.kill()
        return TAKEN if how is None else _failed(how, child)

    async def close(self) -> None:
        """Nothing runs between attempts."""


def environment(headers: "CIMultiDict[str]") -> dict[bytes, bytes]:
    """The variables of a program: `Relay-Event-Id` is RELAY_EVENT_ID. A NUL is `%00`."""
    variables: dict[bytes, bytes] = {}
    for name, value in headers.items():
        variable, ours = _variable(name)
        if not LOADED_BY.fullmatch(variable) and (ours or variable not in variables):
            variables[variable] = wire(value).replace(b"\0", b"%00")
    for inherited in INHERITED:
        variables.pop(inherited, None)
        if (kept := os.environb.get(inherited)) is not None:
            variables[inherited] = kept
    return variables


@lru_cache(maxsize=1024)
def _variable(name: str) -> tuple[bytes, bool]:
    """What a header is called there, and whether it is one of ours."""
    lower = name.lower()
    return re.sub(r"[^A-Z0-9]", "_", name.upper()).encode(), lower.startswith("relay-") or lower in OURS


def _not_started(error: OSError) -> Reply:
    if error.errno == errno.E2BIG:  # this event's headers, no other's
        return Reply(Verdict.REFUSED, error="its headers are more than a program can be given")
    return Reply(Verdict.UNREACHABLE, error=f"cannot be started: {error.strerror or type(error).__name__}")


def _failed(how: str, child: Child) -> Reply:
    words = child.last_words()
    return Reply(Verdict.FAILED, error=f"{how}: {words}" if words else how)


def _how(status: int) -> str | None:
    """How it ended, if not well."""
    if status >= 0:
        return f"exit status {status}" if status else None
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:  # one of the real-time signals
        return f"ended by signal {-status}"
