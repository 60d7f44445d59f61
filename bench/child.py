"""Processes of the benchmark: started here, ended here, by their own id; and what the kernel says of them."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

TICK: Final = os.sysconf("SC_CLK_TCK")
START_WITHIN: Final = 60.0
END_WITHIN: Final = 15.0


class Failed(Exception):
    """Something could not be measured, and why."""


class Child:
    """A process that ends, one way or another, with its `with` block."""

    def __init__(self, args: Sequence[str], errors: Path) -> None:
        self.name = args[1] if args[0] == "-m" else args[0]
        self._errors = errors
        self._buffer = b""
        self.began = time.monotonic()
        """When it was started, seconds of the monotonic clock."""
        with errors.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Its input ends, which ends it; if not, it is killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def tell(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")

    def said(self, within: float = START_WITHIN) -> dict[str, Any]:
        """The next line of JSON it prints; Failed if none comes in `within` seconds."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + within
        while b"\n" not in self._buffer:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self.process.stdout], [], [], left)
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not more:
                raise Failed(f"{self.name} {'ended' if ready else 'says nothing'}: {self.complaint()}")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def complaint(self) -> str:
        """The end of what it wrote to its standard error."""
        lines = self._errors.read_text("utf-8", "replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "without a word"

    def cpu(self) -> float:
        """Seconds of CPU it has used, over all of its threads."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("ascii", "replace")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> dict[str, float]:
        """MiB of memory it holds now (`VmRSS`), and held at most (`VmHWM`)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii", "replace")
        pairs = (line.split(":", 1) for line in status.splitlines())
        return {name: int(value.split()[0]) / 1024 for name, value in pairs if name in ("VmRSS", "VmHWM")}
