"""`relay run` that kills itself at a step of a pass, or of a watch's turn: at the n-th with `KILL_AT=n`."""

import functools
import os
import signal
import sys

from relay.cli.main import main
from relay.poll import poller


class Killer:
    """Told of each step, by whichever poll or watch."""

    def __init__(self, left: int) -> None:
        self._left = left

    def __call__(self, step: str) -> None:
        sys.stderr.write(f"step: {step}\n")
        sys.stderr.flush()
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    killer = Killer(int(os.environ["KILL_AT"]))
    for name in ("Runner", "WatchRunner"):
        setattr(poller, name, functools.partial(getattr(poller, name), reached=killer))
    main()
