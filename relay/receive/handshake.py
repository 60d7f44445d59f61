"""Handshakes: what a sender asks before it trusts the door. They are answered, and never stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from relay.config.schema import SourceConfig
from relay.config.verify import HandshakeConfig
from relay.expression.environment import Program
from relay.expression.errors import ExpressionError
from relay.expression.output import dumps
from relay.receive.faults import Faults
from relay.receive.names import compiled
from relay.receive.providers.protocol import Answer, Rejected, Request
from relay.receive.verify.keys import keys
from relay.receive.verify.proof import same
from relay.text import wire
from relay.view import View

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Handshake:
    """One kind of question, and its answer."""

    method: str
    signed: bool
    """Answered only behind the check of the signature."""
    when: Program | None
    require: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    """Query parameters that must hold one of these."""
    answer: Program

    @property
    def loops(self) -> bool:
        return self.answer.loops or (self.when is not None and self.when.loops)

    def greet(self, request: Request) -> Answer | Rejected | None:
        """The answer; None if `request` is not of this kind."""
        view = request.view
        if request.method != self.method or not self._holds(view):
            return None
        for name, tokens in self.require.items():
            if not same(wire(view["query"].get(name, "")), tokens):
                return Rejected(403, f"a wrong {name} in the query of its handshake")
        try:
            return written(self.answer.json(view))
        except ExpressionError as error:
            return Rejected(400, f"its handshake has no answer: {error}")

    def _holds(self, view: View) -> bool:
        """A `when` that fails does not hold."""
        try:
            return self.when is None or self.when.holds(view)
        except ExpressionError:
            return False


def written(value: Any) -> Answer | Rejected:
    """A string as text, a map as JSON."""
    match value:
        case str():
            return Answer(wire(value))
        case dict():
            return Answer(dumps(value), JSON)
    return Rejected(400, "its handshake's answer is neither a string nor a map")


def handshakes(source: SourceConfig, faults: Faults) -> tuple[Handshake, ...]:
    """The handshakes of a source's table; what is not understood is a fault."""
    found = [_handshake(f"handshake[{at}]", table, faults) for at, table in enumerate(source.handshake)]
    return tuple(handshake for handshake in found if handshake is not None)


def _handshake(path: str, table: HandshakeConfig, faults: Faults) -> Handshake | None:
    when = None if table.when is None else compiled(f"{path}.when", table.when, faults, frozenset({"bool"}))
    answer = compiled(f"{path}.answer", table.answer, faults, frozenset({"string", "map"}))
    require = {
        name: keys(secrets, faults, key=f"{path}.require.{name}") for name, secrets in table.require.items()
    }
    if answer is None or (when is None and table.when is not None):
        return None
    return Handshake(table.method, table.signed, when, require, answer)
