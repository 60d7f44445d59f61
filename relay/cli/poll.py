"""`relay poll`: its commands, one module each."""

from typing import Final

from relay.cli.commands import Commands

COMMANDS: Final = {
    "list": "The polls and watches of the file.",
    "status": "How far each has come, and whether it is well.",
    "run": "One pass now, also of a poll that sleeps.",
    "test": "What an answer of the api's would make, without asking it.",
    "reset": "Forget how far a poll has come.",
}

command = Commands(
    "poll", COMMANDS, "relay.cli.poll_", "Polls and watches: list them, run, try or reset one."
)
