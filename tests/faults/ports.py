"""Ports that stay one's own while nobody listens at them, as between a daemon's death and its next life."""

import random
import socket
from types import TracebackType
from typing import Final, Self

RANGE: Final = range(20_000, 32_000)
"""Below those that the kernel gives to clients."""


class Ports:
    """`numbers`, held until `close`: a bound socket that does not listen lets only those in who share it."""

    def __init__(self, count: int) -> None:
        self._held = [_hold() for _ in range(count)]
        self.numbers: list[int] = [some.getsockname()[1] for some in self._held]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for some in self._held:
            some.close()


def _hold() -> socket.socket:
    while True:
        some = socket.socket()
        try:
            # not shared yet, so that a port somebody else holds is refused
            some.bind(("127.0.0.1", random.choice(RANGE)))
        except OSError:
            some.close()
        else:
            some.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return some
