"""FedEx: no id is sent, and a repeated push counts itself in the body; what it tells is in `output`."""

import hashlib
from dataclasses import replace

import orjson
from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Identity, Request
from relay.receive.verify.proof import Proof
from relay.receive.verify.signature import BodySignature


class FedEx(Named):
    """`provider = "fedex"`, and FedEx Supply Chain with its own `header`."""

    @override
    def prove(self, source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
        proof = super().prove(source, public_url, faults)
        assert isinstance(proof, BodySignature)
        return replace(proof, header=source.header) if source.header is not None else proof

    @override
    def known(self, request: Request) -> Identity:
        told = _told_apart_from_its_push(request) or request.body
        return Identity(hashlib.sha256(told).hexdigest(), None)


def _told_apart_from_its_push(request: Request) -> bytes | None:
    """`output`, the same bytes for the same values; None where nothing counts the pushes."""
    document = request.json
    if not isinstance(document, dict) or "outputMetaData" not in document or "output" not in document:
        return None
    try:
        return orjson.dumps(document["output"], option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # nested more deeply than can be written
        return None
