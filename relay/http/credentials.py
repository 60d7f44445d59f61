"""What proves relay to an api, laid beside a request, and the two ways to come by it."""

import base64
from dataclasses import dataclass, field
from typing import Final, Protocol

from relay.config.auth import BasicAuth, BearerAuth, HeaderAuth, QueryAuth, revealed
from relay.config.secret import Secret

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers and parameters that are added to a request, in place of its own of that name."""

    headers: Pairs = field(default=(), repr=False)
    query: Pairs = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class NoToken:
    """There is nothing to prove ourselves with now: why, and when it is tried again (microseconds)."""

    why: str
    until: int


class Auth(Protocol):
    """How an api, or a target, is shown who asks."""

    async def credentials(self) -> Credentials | NoToken:
        """What a request that goes out now takes along; to be asked anew behind each wait."""

    def refuse(self, credentials: Credentials) -> bool:
        """They were answered 401: whether it may be worth another try with others."""

    def accept(self, credentials: Credentials) -> None:
        """They were good."""

    def secrets(self) -> tuple[Secret, ...]:
        """What must never be shown, as it is now."""

    async def close(self) -> None:
        """Nobody asks any more."""


class Fixed:
    """The same for each request; refused once, refused for ever."""

    def __init__(self, credentials: Credentials = Credentials(), *secrets: Secret) -> None:
        self.shown = credentials
        self._secrets = secrets

    async def credentials(self) -> Credentials:
        return self.shown

    def refuse(self, credentials: Credentials) -> bool:
        """There are no others."""
        del credentials
        return False

    def accept(self, credentials: Credentials) -> None:
        """It changes nothing."""

    def secrets(self) -> tuple[Secret, ...]:
        return self._secrets

    async def close(self) -> None:
        """Nothing is open."""


NOBODY: Final = Credentials()


def bearer(token: str) -> Credentials:
    return Credentials((("Authorization", f"Bearer {token}"),))


def basic(user: str, password: str) -> Credentials:
    """RFC 7617, in UTF-8."""
    both = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Credentials((("Authorization", f"Basic {both}"),))


def fixed(config: BearerAuth | BasicAuth | HeaderAuth | QueryAuth | None) -> Fixed:
    """What the words of the file say."""
    match config:
        case None:
            return Fixed()
        case BearerAuth():
            return Fixed(bearer(config.token.reveal()), config.token)
        case BasicAuth():
            made = basic(revealed(config.user), config.password.reveal())
            return Fixed(made, config.password, login(made))
        case HeaderAuth():
            return Fixed(Credentials(((config.name, config.value.reveal()),)), config.value)
        case QueryAuth():
            return Fixed(Credentials(query=((config.name, config.value.reveal()),)), config.value)


def login(credentials: Credentials) -> Secret:
    """What `basic` made of user and password: who has it needs neither."""
    return Secret(credentials.headers[0][1].removeprefix("Basic "))
