"""A question to an api, and every way it can be answered."""

from dataclasses import dataclass, field
from typing import Any

from relay.bucket import Bucket
from relay.expression.environment import Program
from relay.http.budget import PATIENCE, Need
from relay.http.response import Response

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Json:
    """A body in JSON: compact, with sorted keys."""

    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A body of form fields."""

    pairs: Pairs = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: what, of whom, and how urgent."""

    at: str = field(repr=False)
    """A path, percent-encoded where it is data, which is appended to the api's url; or an absolute URL, as
    an answer gave it, within the api's hosts."""
    query: Pairs = field(default=(), repr=False)
    """Added behind what `at` has of it, percent-encoded here."""
    method: str = "GET"
    headers: Pairs = field(default=(), repr=False)
    """They win over the api's own of that name."""
    content: Json | Form | bytes | None = field(default=None, repr=False)
    need: Need = Need.POLL
    bucket: Bucket | None = None
    """A further rate, of the one who asks."""
    check: Program | None = None
    """Instead of the api's own."""
    wait: Program | None = None
    """Instead of the api's own."""
    patience: float = PATIENCE
    """Seconds of a stop of the whole api that are waited for; a longer one is answered with `Wait`."""


@dataclass(frozen=True, slots=True)
class Ok:
    """What was asked for."""

    response: Response


@dataclass(frozen=True, slots=True)
class Unchanged:
    """304: what was asked for is as it was."""

    response: Response


@dataclass(frozen=True, slots=True)
class Wait:
    """The whole api is to be left alone until then. Without a response it was not even asked."""

    until: int
    """Microseconds since 1970, by our own clock."""
    why: str
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """The same may go well in a while."""

    why: str
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """By `check`: the first page has to be asked for again."""

    why: str
    response: Response


@dataclass(frozen=True, slots=True)
class Fail:
    """The same would fail again."""

    why: str
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """The api does not take what proves us, or there is nothing to prove us with."""

    why: str
    until: int | None = None
    """When a token is fetched again, microseconds; None: it is not for want of one."""
    response: Response | None = None


Answered = Ok | Unchanged | Wait | Retry | Restart | Fail | Denied
"""No `why` holds a secret, an address with its parameters, or a word of the answer that is none of ours."""
