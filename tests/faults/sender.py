"""The senders: sign, post, and come again until they are told 2xx, as a good sender does."""

import asyncio
import hmac
import random
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.faults.daemon import SECRET, Daemon

ANSWER_WITHIN: Final = 30.0
AGAIN: Final = 0.02
"""Seconds before a sender that got no 2xx comes again."""
LARGEST: Final = 8_000
"""Bytes that pad a body, at most, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender got. Status 0: nothing, the connection broke."""

    status: int
    event: str = ""
    duplicate: bool = False
    retry_after: str | None = None
    seconds: float = 0.0


def signature(body: bytes) -> str:
    """What the header says."""
    return "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()


def body_of(name: str, padding: int) -> bytes:
    """An event of that id."""
    return b'{"id":"%b","pad":"%b"}' % (name.encode(), b"x" * padding)


class Senders:
    """So many connections, each with one event under way. What they were promised is in `acknowledged`."""

    def __init__(self, daemon: Daemon, rng: random.Random, largest: int = LARGEST) -> None:
        self.acknowledged: dict[str, str] = {}
        """The sender's id → the event's id it was told."""
        self.refused: list[Answer] = []
        self.unanswered = 0
        """Posts whose connection broke before the answer."""
        self.repeated = 0
        """Events that were known already when they were posted again."""
        self.wrong: list[str] = []
        """Promises that were broken in an answer."""
        self._url = f"{daemon.url}/in/shop"
        self._rng = rng
        self._largest = largest
        self._numbers = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        timeout = ClientTimeout(total=ANSWER_WITHIN)
        self._session = ClientSession(connector=TCPConnector(limit=0), timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    # load

    def begin(self, connections: int = 16) -> None:
        """Post without a pause, from now on."""
        self._stopping = False
        self._tasks = [asyncio.create_task(self._keep_posting()) for _ in range(connections)]

    async def finish(self, within: float = ANSWER_WITHIN) -> None:
        """Begin no new event; return when each that was begun is acknowledged."""
        self._stopping = True
        done, left = await asyncio.wait(self._tasks, timeout=within)
        assert not left, f"{len(left)} events were never acknowledged"
        for task in done:
            task.result()

    async def _keep_posting(self) -> None:
        while not self._stopping:
            name = self.name()
            await self.persist(name)
            if self._rng.random() < 0.05:
                await self._repeat(name)

    async def persist(self, name: str) -> None:
        """Post `name` until it is acknowledged."""
        body = body_of(name, self._rng.randrange(self._largest))
        answer = await self.post(name, body)
        while answer.status != 200:
            await asyncio.sleep(AGAIN)
            answer = await self.post(name, body)

    async def _repeat(self, name: str) -> None:
        """A sender that posts again what it was told is there."""
        answer = await self.post(name, body_of(name, 0))
        self.repeated += answer.duplicate
        if answer.status == 200 and not answer.duplicate:
            self.wrong.append(f"{name} was taken for a new event")

    # one post

    def name(self) -> str:
        """A new id."""
        self._numbers += 1
        return f"event-{self._numbers}"

    async def post(self, name: str, body: bytes | None = None) -> Answer:
        """One post, and what was promised by its answer."""
        began = time.monotonic()
        try:
            answer = await self._post(body_of(name, 0) if body is None else body, began)
        except (ClientError, OSError, TimeoutError):
            self.unanswered += 1
            return Answer(0, seconds=time.monotonic() - began)
        if answer.status == 200:
            self._promised(name, answer)
        else:
            self.refused.append(answer)
        return answer

    async def _post(self, body: bytes, began: float) -> Answer:
        headers = {"X-Signature": signature(body), "Content-Type": "application/json"}
        async with self._session.post(self._url, data=body, headers=headers) as answer:
            await answer.read()
            said = answer.headers
            return Answer(
                answer.status,
                said.get("Relay-Event-Id", ""),
                said.get("Relay-Duplicate") == "true",
                said.get("Retry-After"),
                time.monotonic() - began,
            )

    def _promised(self, name: str, answer: Answer) -> None:
        first = self.acknowledged.setdefault(name, answer.event)
        if first != answer.event or not answer.event:
            self.wrong.append(f"{name} is {first}, then {answer.event}")

    def check(self) -> None:
        """Every refusal was ours and told when to come again; no id was ever two events."""
        assert not self.wrong, self.wrong[:5]
        rude = [answer for answer in self.refused if answer.status != 503 or not answer.retry_after]
        assert not rude, rude[:5]
