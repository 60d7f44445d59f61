"""A connection on which many messages are on their way at once."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager


class SharedLink(ABC):
    """What did not answer one of them in time may answer none: once given up, it serves those who use it, and
    ends with the last of them. So a dead connection costs one timeout, and a slow one loses nothing.
    """

    def __init__(self) -> None:
        self._users = 0
        self._given_up = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """While somebody waits for an answer on it."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._cut_unused()

    def give_up(self) -> None:
        """Nobody is going to use it any more; whoever calls this has let the next one make another."""
        self._given_up = True
        self._cut_unused()

    def _cut_unused(self) -> None:
        if self._given_up and not self._users:
            self.cut()

    @abstractmethod
    def cut(self) -> None:
        """End it at once, whatever is still on its way."""
