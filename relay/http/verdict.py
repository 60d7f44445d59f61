"""What an answer means: by the api's `check`, else by its status. Pure."""

from enum import Enum
from typing import Any, Final

from relay.clock import SECOND
from relay.expression.environment import Environment, Program
from relay.expression.errors import ExpressionError
from relay.expression.values import Duration
from relay.http.limits import limited
from relay.http.response import Response
from relay.view import ABSENT

EXPRESSIONS: Final = Environment({"status": "int", "headers": "map(string, string)", "body": "dyn"})
"""What `check` and `wait` may name. `headers` has lower-case names; `body` is null where it is no JSON."""


def compile_check(text: str) -> Program:
    """The program of a `check` or `wait`; CompileError with all that is wrong with it."""
    return EXPRESSIONS.compile(text)


class Verdict(Enum):
    """The words of `check`, and what only a status says."""

    OK = "ok"
    UNCHANGED = "unchanged"
    WAIT = "wait"
    RETRY = "retry"
    AUTH = "auth"
    RESTART = "restart"
    FAIL = "fail"


SAID: Final = {verdict.value: verdict for verdict in Verdict if verdict is not Verdict.UNCHANGED}


class _Variables(dict[str, Any]):
    """The body is parsed if an expression comes to it."""

    def __init__(self, response: Response) -> None:
        super().__init__(status=response.status, headers=response.headers)
        self._response = response

    def __missing__(self, name: str) -> Any:
        if name != "body":
            raise KeyError(name)
        document = self._response.json
        return None if document is ABSENT else document


def judge(response: Response, check: Program | None) -> tuple[Verdict, str]:
    """What is to be made of an answer, and why.

    A `check` that fails on it, or says no word, leaves an error to its status; of a 2xx nobody then knows
    what it means: that is a failure.
    """
    verdict, why = by_status(response), f"answered {response.status}"
    if check is None:
        return verdict, why
    try:
        said = check.given(_Variables(response))
    except ExpressionError as error:
        return _unknown(verdict, f"{why}, check: {error}")
    if said is None:
        return verdict, why
    word = SAID.get(said) if isinstance(said, str) else None
    return _unknown(verdict, f"{why}, check gives no word") if word is None else (word, f"{why}, by check")


def _unknown(verdict: Verdict, why: str) -> tuple[Verdict, str]:
    return (Verdict.FAIL if verdict is Verdict.OK else verdict), why


def by_status(response: Response) -> Verdict:
    """2xx ok, 304 nothing new, 401 auth, 429 and a 403 that is a limit wait, 5xx retry, else fail."""
    status = response.status
    if 200 <= status < 300:
        return Verdict.OK
    if limited(status, response.headers):
        return Verdict.WAIT
    if status >= 500:
        return Verdict.RETRY
    return {304: Verdict.UNCHANGED, 401: Verdict.AUTH}.get(status, Verdict.FAIL)


def told_wait(response: Response, wait: Program | None, now: int) -> int | None:
    """Until when `wait` says to wait (microseconds); None where it says nothing of use."""
    if wait is None:
        return None
    try:
        span = wait.given(_Variables(response))
    except ExpressionError:
        return None
    if not isinstance(span, Duration) or span.nanos <= 0:
        return None
    return now + min(span.nanos // 1000 + 1, LONGEST_WAIT)


LONGEST_WAIT: Final = 24 * 3600 * SECOND
