"""Zoom: its handshake is answered with the very key that signs, so only behind the signature's check."""

import re
from dataclasses import replace
from typing import Any, Final

import orjson
from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.handshake import JSON
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Answer, Rejected, Request
from relay.receive.verify.proof import AUTHORIZATION
from relay.receive.verify.scheme import written_mac
from relay.receive.verify.signature import Signature

_PLAIN_TOKEN: Final = re.compile("[A-Za-z0-9_-]{1,64}")
"""What Zoom asks with; `v0:TIME:BODY`, whose HMAC would be a signature, has a colon."""


class Zoom(Named):
    """`provider = "zoom"`."""

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        super().__init__(name, source, public_url, faults)
        # the retired verification token: relay does not go by it, but another receiver might
        self.proofs |= AUTHORIZATION

    @override
    def greet(self, request: Request, now: int, *, proven: bool) -> Answer | Rejected | None:
        if not proven or not _asks(request.json):
            return super().greet(request, now, proven=proven)
        token = _plain_token(request.json)
        if token is None:
            return Rejected(400, "no plainToken such as Zoom sends")
        encrypted = written_mac(self._key(request, now), token.encode(), "sha256", "hex").decode()
        return Answer(orjson.dumps({"plainToken": token, "encryptedToken": encrypted}), JSON)

    def _key(self, request: Request, now: int) -> bytes:
        """Of several secrets the one that Zoom signs with now."""
        assert isinstance(self.proof, Signature)
        for key in self.proof.keys:
            if replace(self.proof, keys=(key,)).fails(request, now) is None:
                return key
        raise AssertionError("asked before the signature was checked")


def _asks(document: Any) -> bool:
    return isinstance(document, dict) and document.get("event") == "endpoint.url_validation"


def _plain_token(document: dict[str, Any]) -> str | None:
    payload = document.get("payload")
    token = payload.get("plainToken") if isinstance(payload, dict) else None
    return token if isinstance(token, str) and _PLAIN_TOKEN.fullmatch(token) else None
