"""X: its challenge (CRC) is not signed, and is answered with the very key that signs events."""

import re
from typing import Final

import orjson
from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.handshake import JSON
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Answer, Rejected, Request
from relay.receive.verify.signature import BodySignature

_TOKEN: Final = re.compile("[A-Za-z0-9_=+/.-]{1,256}")
"""A UUID, or base64. A token that were an event would come back as its signature: none of these is a map."""


class X(Named):
    """`provider = "x"`."""

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        super().__init__(name, source, public_url, faults)
        self.methods |= {"GET"}

    @override
    def greet(self, request: Request, now: int, *, proven: bool) -> Answer | Rejected | None:
        token = request.view["query"].get("crc_token") if request.method == "GET" else None
        if proven or token is None:
            return super().greet(request, now, proven=proven)
        if not _TOKEN.fullmatch(token):
            return Rejected(400, "no crc_token such as X sends")
        assert isinstance(self.proof, BodySignature)
        question = Request("GET", request.path, "", (), token.encode())
        ((_, response),) = self.proof.headers(question, now)
        return Answer(orjson.dumps({"response_token": response.decode()}), JSON)
