"""What the fake providers share: the test's time, a login, and trouble at a request that is named."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from relay.clock import SECOND
from tests.clock import START, ManualClock
from tests.poll.provider import Asked, Says

LARGE: Final = 9_007_199_254_740_993
"""2^53 + 1: the first whole number that a float does not hold."""
Trouble: TypeAlias = Says | Callable[[], Says | None]
"""An answer in place of the true one, or what happens just before it and may make one."""


def at(seconds: float) -> int:
    """Whole Unix seconds, so long after the test began."""
    return START // SECOND + int(seconds)


def iso(seconds: float) -> str:
    """RFC 3339 in whole seconds, so long after the test began."""
    return f"{datetime.fromtimestamp(at(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Fake(ABC):
    """A provider's server. `answer` is the provider's own; all else stands between it and who asks."""

    clock: ManualClock
    trouble: dict[int, Trouble] = field(default_factory=dict)
    requests: int = 0
    """Since `upset`; those for tokens are not counted."""

    def upset(self, trouble: dict[int, Trouble]) -> None:
        """By the number of the request from now on; the first is 1. Each once."""
        self.requests, self.trouble = 0, trouble

    def __call__(self, asked: Asked) -> Says:
        said = self.login(asked)
        if said is None:
            self.requests += 1
            happens = self.trouble.pop(self.requests, None)
            said = happens() if callable(happens) else happens
            said = said or self.refusal(asked) or self.answer(asked)
        said.headers["Date"] = formatdate(self.clock.now() // SECOND, usegmt=True)
        return said

    def login(self, _asked: Asked) -> Says | None:
        """The answer to what asks for a token; None: it asks for something else."""
        return None

    def refusal(self, _asked: Asked) -> Says | None:
        """The answer to one who shows no login that is good."""
        return None

    @abstractmethod
    def answer(self, asked: Asked) -> Says:
        """What it says to one who is let in."""

    @property
    def date(self) -> str:
        """An HTTP date half a minute from now."""
        return formatdate(self.clock.now() // SECOND + 30, usegmt=True)


@dataclass
class Tokens(Fake):
    """A provider with OAuth2 (RFC 6749): a token is good until `expire`."""

    path: str = "/oauth/token"
    form: dict[str, str] = field(default_factory=dict)
    """What the request for a token has to hold."""
    basic: str = ""
    """Its Authorization; empty: the login stands in the form."""
    expired: Any = None
    """The body of a 401."""
    given: int = 0

    def expire(self) -> None:
        """The token is good no more, before its time."""
        self.given += 1

    def login(self, asked: Asked) -> Says | None:
        if asked.path != self.path:
            return None
        form = dict(parse_qsl(asked.body.decode()))
        assert (asked.method, form) == ("POST", self.form)
        assert asked.headers.get("authorization", "") == self.basic
        self.given += 1
        token = {"access_token": f"token-{self.given}", "token_type": "bearer", "expires_in": 3600}
        return Says(token)

    def refusal(self, asked: Asked) -> Says | None:
        good = asked.headers.get("authorization") == f"Bearer token-{self.given}"
        return None if good else Says(self.expired, status=401)
