"""Alertmanager: it signs nothing, and has a bearer token or a password to show."""

import base64
import binascii
from dataclasses import dataclass

from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Request
from relay.receive.verify.keys import keys
from relay.receive.verify.proof import Bearer, Proof, same


class Alertmanager(Named):
    """`provider = "alertmanager"`: the secret is the token, or the password, whoever the user."""

    @override
    def prove(self, source: SourceConfig, _public_url: str | None, faults: Faults) -> Proof:
        return BearerOrPassword(keys(source.secret, faults))


@dataclass(frozen=True)
class BearerOrPassword(Bearer):
    """`Authorization: Bearer`, else `Basic` with any user name: the name is no secret."""

    @override
    def fails(self, request: Request, now: int, fetched: bytes | None = None) -> str | None:
        scheme, _, given = (request.header("Authorization") or b"").partition(b" ")
        if scheme.lower() != b"basic":
            return super().fails(request, now, fetched)
        try:
            _, _, password = base64.b64decode(given.strip(b" "), validate=True).partition(b":")
        except binascii.Error:
            return "a malformed basic authorization"
        return None if same(password, self.keys) else "a wrong password"
