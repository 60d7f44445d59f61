"""What is known of targets, polls and watches: at hand in memory, and written down with the next commit."""

import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from relay.event import Ids
from relay.store.batch import Batch
from relay.store.progress import Item, Json, Watch
from relay.store.sqlite import answers, polls, watches
from relay.store.sqlite.append import known
from relay.store.sqlite.archive_file import FileArchive, look
from relay.store.sqlite.connection import Connection
from relay.store.sqlite.rows import seen_name
from relay.store.sqlite.transaction import recall
from relay.store.writer import Writer
from relay.target import TargetState

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the file knew when it was opened, and the key of its names."""

    salt: bytes
    targets: dict[str, TargetState]
    polls: polls.Parts
    dues: dict[str, int]
    """Watch → when the next thing of it is due."""

    @classmethod
    def of(cls, c: sqlite3.Connection, salt: bytes) -> "Remembered":
        return cls(salt, recall(c), polls.recall(c), watches.recall(c))


class FileMemory(FileArchive):
    """See `relay.store.progress.Memory`. Long reading is the archive's: no delivery waits for it."""

    _writer: Writer
    _reading: Connection
    """A reader that is never asked for much."""

    def __init__(self, path: Path, connection: Connection, ids: Ids, remembered: Remembered) -> None:
        super().__init__(path, connection, ids)
        self._salt = remembered.salt
        self._states = remembered.targets
        self._polls = remembered.polls
        self._dues = remembered.dues
        self._doubtful: set[str] = set()
        """Watches whose rows a transaction changed that may have failed, or not: the next one looks."""
        self._wake_watches: Callable[[set[str]], None] = lambda _watches: None
        self._answers: dict[str, dict[str, Json]] = {}
        """Those that are not on disk yet, by event and name."""
        self._forgot_to: dict[tuple[str, str | None], tuple[int, bytes]] = {}

    @abstractmethod
    async def _change(
        self, write: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """`write` in a transaction of its own, between two batches."""

    async def flush(self) -> None:
        await self._writer.flush()

    # targets

    def target_state(self, name: str) -> TargetState:
        return self._states.get(name) or TargetState()

    def target_names(self) -> set[str]:
        return set(self._states)

    def remember(self, name: str, state: TargetState) -> None:
        self._states[name] = state
        self._writer.remember(name, state)

    # enrichments

    async def answers(self, event: str) -> Mapping[str, Json]:
        before = dict(self._answers.get(event, {}))
        kept = await look(self._reading.run(answers.of, self.ids.tick(event)))
        return kept | before | self._answers.get(event, {})

    def keep_answer(self, event: str, name: str, answer: Json) -> None:
        self._answers.setdefault(event, {})[name] = answer
        self._writer.keep_answer(event, name, answer)

    def _forget_answers(self, ticks: Iterable[int]) -> None:
        """Also those that are not on disk yet."""
        events = {self.ids.text(tick) for tick in ticks} & self._answers.keys()
        self._writer.forget_answers(events)
        for event in events:
            del self._answers[event]

    # polls

    def poll_names(self) -> set[str]:
        return set(self._polls)

    def poll_parts(self, poll: str) -> set[str]:
        return set(self._polls.get(poll, ()))

    def poll_state(self, poll: str, part: str = "") -> Json | None:
        return self._polls.get(poll, {}).get(part)

    def remember_poll(self, poll: str, part: str, state: Json) -> None:
        self._polls.setdefault(poll, {})[part] = state
        self._writer.remember_poll(poll, part, state)

    async def items(self, poll: str, part: str, ids: Iterable[str]) -> dict[str, Item]:
        return await look(self._archive.run(polls.known, poll, part, list(ids), self._salt))

    async def known_names(self, source: str, names: Iterable[str]) -> set[str]:
        hashed = {seen_name(self._salt, source, name): name for name in names}
        return {hashed[name] for name in await look(self._archive.run(known, list(hashed)))}

    async def forget_poll(self, poll: str, part: str | None = None) -> None:
        for each in self.poll_parts(poll) if part is None else {part}:
            while not await self._change(polls.forget, poll, each):
                pass
            self._polls.get(poll, {}).pop(each, None)
        if not self._polls.get(poll, True):
            del self._polls[poll]

    async def forget_items(self, poll: str, before: int, part: str | None = None) -> bool:
        after = self._forgot_to.pop((poll, part), (0, b""))
        old = await look(self._archive.run(polls.find_old, poll, part, after, before))
        if old.names:
            await self._change(polls.drop_old, old, before)
        if old.after is not None:
            self._forgot_to[poll, part] = old.after
        return old.after is not None

    # watches

    def watch_names(self) -> set[str]:
        return set(self._dues)

    def watch_due(self, watch: str) -> int | None:
        return self._dues.get(watch)

    def listen_watches(self, wake: Callable[[set[str]], None]) -> None:
        self._wake_watches = wake

    async def due_watches(self, watch: str, now: int, limit: int) -> Sequence[Watch]:
        return await look(self._archive.run(watches.due, watch, now, limit))

    async def forget_watches(self, watch: str) -> None:
        try:
            while not await self._change(watches.forget, watch):
                pass
        except BaseException:
            self._doubtful.add(watch)
            raise
        self._next_due({watch: None})

    # what commits tell

    def _touched(self, batch: Batch) -> frozenset[str]:
        """Watches that the transaction about to begin has to look at when it is through."""
        self._doubtful |= watches.touched(batch)
        return frozenset(self._doubtful)

    def _moved(self, batch: Batch, dues: watches.Dues) -> None:
        """`batch` is on disk."""
        for append in batch.appends:
            if append.advance is not None:
                self._polls.setdefault(append.advance.poll, {})[append.advance.part] = append.advance.state
        for (event, name), answer in batch.answers.items():
            mine = self._answers.get(event, {})
            if mine.get(name) is answer:
                del mine[name]
            if not mine:
                self._answers.pop(event, None)
        if dues:
            self._next_due(dues)

    def _next_due(self, dues: watches.Dues) -> None:
        self._doubtful -= dues.keys()
        for name, due in dues.items():
            if due is None:
                self._dues.pop(name, None)
            else:
                self._dues[name] = due
        self._wake_watches(set(dues))
