"""Linear: the signature is a header, but the moment of signing stands in the body."""

from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.config.verify import HmacVerify
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Rejected, Request, Wanted
from relay.receive.verify.proof import Proof
from relay.receive.verify.words import proof


class Linear(Named):
    """`provider = "linear"`. An empty body has no timestamp: signed, it is refused for being empty."""

    @override
    def prove(self, source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
        assert isinstance(source.verify, HmacVerify)
        ageless = source.verify.model_copy(update={"timestamp": None})
        self._ageless = proof(source.model_copy(update={"verify": ageless}), public_url, faults)
        return self._ageless if faults.found else proof(source, public_url, faults)

    @override
    def verify(self, request: Request, now: int, fetched: bytes | None = None) -> Rejected | Wanted | None:
        if request.body:
            return super().verify(request, now, fetched)
        refused = self._ageless.fails(request, now)
        return Rejected(401, str(refused)) if refused else None
