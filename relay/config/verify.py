"""How a sender proves itself, and what it is answered when it tries the door: `verify` and `handshake`.

The words of a source that relay does not know by name; the presets are written in them too.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool
from pydantic import StrictStr as Str

from relay.config.pem import Pem
from relay.config.table import Secrets, Table, Texts, default
from relay.config.types import PositiveDuration


class TimestampConfig(Table):
    """Where the moment of signing stands, and how far off it may be."""

    header: Str | None = None
    json_path: Str | None = Field(default=None, validation_alias="json")
    unit: Literal["s", "ms"] = "s"
    tolerance: PositiveDuration = default("300s")
    """An age equal to it passes."""
    future: StrictBool = True
    """False: a moment to come is never checked against `tolerance`."""


class PairsConfig(Table):
    """The signature header holds `KEY=VALUE` pairs, separated by commas: which key is what."""

    signature: Str
    time: Str | None = None


class SignatureWords(Table):
    """Where a signature stands, and what it covers."""

    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    header: Str | None = None
    json_path: Str | None = Field(default=None, validation_alias="json")
    prefix: Str = ""
    item_separator: Str = ""
    """Not empty: the value lists several signatures, any one of which verifies."""
    item_prefix: Str = ""
    pairs: PairsConfig | None = None
    signed: Str = "{body}"
    secret_encoding: Literal["utf8", "base64", "hex"] = "utf8"  # noqa: S105  a word of the file, no secret
    secret_strip_prefix: Str = ""
    body_sha256_query: Str = ""
    """A query parameter that holds the body's hex SHA-256."""
    timestamp: TimestampConfig | None = None


class HmacVerify(SignatureWords):
    """The sender signs with a shared secret."""

    type: Literal["hmac"] = "hmac"


class DigestVerify(SignatureWords):
    """The sender hashes a text that holds the shared secret: `signed` names `{secret}`."""

    type: Literal["digest"] = "digest"


class Ed25519Verify(SignatureWords):
    """The sender signs with its private key; `secret` is the public one, 32 bytes."""

    type: Literal["ed25519"] = "ed25519"
    algorithm: Literal["sha512"] = "sha512"
    secret_encoding: Literal["hex", "base64"] = "hex"  # noqa: S105  as above


class EcdsaVerify(SignatureWords):
    """The sender signs with its private key; `secret` is the public one (SPKI), the signature is DER."""

    type: Literal["ecdsa"] = "ecdsa"
    encoding: Literal["hex", "base64"] = "base64"
    secret_encoding: Literal["hex", "base64"] = "base64"  # noqa: S105  as above


class TokenVerify(Table):
    """The sender repeats the secret itself."""

    type: Literal["token"] = "token"
    header: Str | None = None
    json_path: Str | None = Field(default=None, validation_alias="json")
    """May hold `*`: every element must match."""
    prefix: Str = ""


class BearerVerify(Table):
    """`Authorization: Bearer SECRET`."""

    type: Literal["bearer"] = "bearer"


class BasicVerify(Table):
    """`Authorization: Basic`, the secret being the password."""

    type: Literal["basic"] = "basic"
    username: Str


class NoVerify(Table):
    """Anyone may post."""

    type: Literal["none"] = "none"


class PaypalVerify(Table):
    """PayPal signs with a key whose certificate it names; there is no secret."""

    type: Literal["paypal"] = "paypal"
    webhook_id: Annotated[Texts, Field(min_length=1)]
    """Of the subscription, from the dashboard; any one of them verifies."""
    trust: Pem | None = None
    """The roots of the signing certificate, instead of the built-in ones."""


class SnsVerify(Table):
    """AWS SNS signs with a key whose certificate it names; there is no secret."""

    type: Literal["sns"] = "sns"
    topic_arn: Annotated[Texts, Field(min_length=1)]
    """Messages of other topics are refused: anybody may have a topic."""
    trust: Pem | None = None
    """The roots of the signing certificate; without, it is trusted by its host."""


Verify = (
    HmacVerify
    | DigestVerify
    | TokenVerify
    | BearerVerify
    | BasicVerify
    | Ed25519Verify
    | EcdsaVerify
    | PaypalVerify
    | SnsVerify
    | NoVerify
)
TYPES: Final = ("hmac", "digest", "token", "bearer", "basic", "ed25519", "ecdsa", "paypal", "sns", "none")


class HandshakeConfig(Table):
    """A request that is answered, and never stored."""

    method: Literal["POST", "GET", "PUT", "OPTIONS", "HEAD"] = "POST"
    signed: StrictBool = True
    """Answered only behind the check of the signature."""
    when: Str | None = None
    """CEL: which requests; a POST needs it, for events are posted too."""
    require: dict[Str, Secrets] = Field(default={})
    """Query parameters that must hold a secret; else 403."""
    answer: Str = "''"
    """CEL: a string goes out as text/plain, a map as JSON."""
