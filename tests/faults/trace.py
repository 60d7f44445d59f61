"""What strace saw of the daemon: calls as they began and ended, and whether answers came too early."""

import re
from dataclasses import dataclass
from typing import Final

CALLS: Final = "read,recvfrom,recvmsg,pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg"
STRACE: Final = ("strace", "-D", "-f", "-y", "-s", "250", "-e", f"trace={CALLS}", "-e", "signal=none", "-o")
"""With the file's name behind it. -D: the process that is started is the daemon, strace its descendant."""

WHOLE = re.compile(r"^(\d+) +(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
UNFINISHED: Final = " <unfinished ...>"


@dataclass(slots=True)
class Call:
    """One system call; `began` and `ended` are places in the order of all that was seen (None: never)."""

    name: str
    text: str
    began: int
    ended: int | None = None

    @property
    def on_log(self) -> bool:
        """Whether it is about the store's write-ahead log."""
        return "-wal>" in self.text.partition(",")[0]

    @property
    def receives(self) -> bool:
        return self.name in {"read", "recvfrom", "recvmsg"} and "POST /in/" in self.text

    @property
    def acknowledges(self) -> bool:
        sends = self.name in {"write", "writev", "sendto", "sendmsg"}
        return sends and "HTTP/1.1 200" in self.text and "Relay-Event-Id" in self.text

    @property
    def syncs(self) -> bool:
        return self.name in {"fdatasync", "fsync"} and self.on_log and self.text.rstrip().endswith("= 0")


def parse(trace: str) -> list[Call]:
    """The calls of a trace, in the order in which they began."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for place, line in enumerate(trace.splitlines()):
        if resumed := RESUMED.match(line):
            call = open_calls.pop(resumed[1], None)
            if call is not None:
                call.text += resumed[3]
                call.ended = place
        elif whole := WHOLE.match(line):
            calls.append(Call(whole[2], whole[3].removesuffix(UNFINISHED), place))
            if whole[3].endswith(UNFINISHED):
                open_calls[whole[1]] = calls[-1]
            else:
                calls[-1].ended = place
    return calls


def acknowledged(calls: list[Call]) -> list[Call]:
    """The answers that promise something."""
    return [call for call in calls if call.acknowledges]


def too_early(calls: list[Call]) -> list[str]:
    """Each answer that was sent before its event was synced; requests came one after the other."""
    return [
        f"{answer.text}: {fault}" for answer in acknowledged(calls) if (fault := _fault(calls, answer.began))
    ]


def _fault(calls: list[Call], answered: int) -> str | None:
    """What is missing between the latest request before `answered` and that answer."""
    received = max([end for call in calls if call.receives and (end := _end(call)) < answered], default=None)
    if received is None:
        return "no request before it"
    written = [call for call in calls if call.name == "pwrite64" and call.on_log]
    written = [call for call in written if received < call.began < answered]
    if not written:
        return "nothing was written to the log before it"
    last = max([_end(call) for call in written])
    if any(call.syncs and last < call.began and _end(call) < answered for call in calls):
        return None
    return "no sync of the log returned between the last write and it"


def _end(call: Call) -> float:
    return float("inf") if call.ended is None else call.ended
