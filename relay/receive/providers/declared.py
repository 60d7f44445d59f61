"""A source in words: `verify`, `handshake`, `id`, `also`, `type`, `time`, a user's own or a preset's."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Final, Self

from relay.config.schema import SourceConfig
from relay.event import Headers
from relay.receive.faults import Faults
from relay.receive.handshake import handshakes
from relay.receive.names import names
from relay.receive.providers.protocol import (
    Answer,
    Identity,
    Part,
    Rejected,
    Request,
    Sample,
    Wanted,
)
from relay.receive.verify.proof import Proof
from relay.receive.verify.words import proof

NAMELESS = Identity(None, None)
MOST_UNPROVEN: Final = 100_000
"""Values of a body that is parsed before it is proven: as objects 10 MiB of JSON are 250 MiB, for anybody."""

TOO_MANY: Final = Rejected(413, "a body of too many values, to be read before it is proven")


class Declared(ABC):
    """What the words say, done."""

    accepted = 200

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        self.name = name
        self.path = source.path or f"/in/{name}"
        self.ack_timeout = source.ack_timeout
        self.max_body = source.max_body
        self.proof = self.prove(source, public_url, faults)
        self.names = names(source, faults)
        self.handshakes = handshakes(source, faults)
        self._asks_strangers = any(not handshake.signed for handshake in self.handshakes)
        self.loops = self.names.loops or any(handshake.loops for handshake in self.handshakes)
        self.methods = frozenset({"POST", *(handshake.method for handshake in self.handshakes)})
        self.proofs = self.proof.hidden
        self.proof_parameters = frozenset(
            parameter for handshake in self.handshakes for parameter in handshake.require
        )

    def prove(self, source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
        """How its sender proves itself."""
        return proof(source, public_url, faults)

    def greet(self, request: Request, _now: int, *, proven: bool) -> Answer | Rejected | None:
        if not proven and self._asks_strangers and request.body.count(b",") > MOST_UNPROVEN:
            return TOO_MANY
        for handshake in self.handshakes:
            if handshake.signed is proven and (answer := handshake.greet(request)) is not None:
                return answer
        return self.proof.greet(request) if proven else None

    def verify(self, request: Request, now: int, fetched: bytes | None = None) -> Rejected | Wanted | None:
        if self.proof.fills and request.body.count(b",") > MOST_UNPROVEN:
            return TOO_MANY
        verdict = self.proof.fails(request, now, fetched)
        return Rejected(401, verdict) if isinstance(verdict, str) else verdict

    def identify(self, request: Request) -> Identity | Rejected | tuple[Part, ...]:
        return self.names.of(request, NAMELESS) if self.names else NAMELESS

    @abstractmethod
    def samples(self) -> Sequence[Sample]:
        """Events this sender is known to send, the most usual first."""

    def sign(self, sample: Sample, now: int) -> Headers:
        own = ((b"Content-Type", sample.content_type.encode()), *sample.headers)
        request = Request("POST", self.path, sample.query, own, sample.body)
        proving = self.proof.headers(request, now)
        replaced = {name.lower() for name, _ in proving}
        return (*((name, value) for name, value in own if name.lower() not in replaced), *proving)

    @property
    def needs_key(self) -> bool:
        return self.proof.needs_key

    def new_key(self) -> bytes | None:
        return self.proof.new_key()

    def with_key(self, pem: bytes) -> Self:
        signing = copy(self)
        signing.proof = self.proof.with_key(pem)
        return signing

    def public_half(self, pem: bytes) -> tuple[str, str]:
        return self.proof.public_half(pem)
