"""A target: where deliveries go, in which form, how relay proves itself there, and what follows a failure.

Which keys belong to which kind of target is in `target_rules`.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, PlainSerializer, PlainValidator
from pydantic import StrictFloat as Float
from pydantic import StrictInt as Int
from pydantic import StrictStr as Str

from relay.config.auth import BasicAuth, BearerAuth, HeaderAuth, OAuth2Auth, QueryAuth
from relay.config.header import TargetHeader
from relay.config.pem import Pem, PemSecret
from relay.config.secret import Secret
from relay.config.signing import Signed, StandardSecrets
from relay.config.table import Secrets, Table, default
from relay.config.target_url import KINDS, target_url
from relay.config.types import Duration, PositiveDuration, PositiveSize, Rate


class RetryConfig(Table):
    """What follows a failed attempt."""

    schedule: tuple[Duration, ...] = default(("5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"))
    """The waits between attempts. Empty: none is made after the first."""
    jitter: Annotated[Float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.2
    """Each wait is up to this part longer or shorter."""
    max_age: PositiveDuration = default("76h")
    """Older: given up."""


class MtlsAuth(Table):
    """A certificate of our own, shown when the connection is made."""

    type: Literal["mtls"] = "mtls"
    certificate: PemSecret
    """The chain, ours first: the path of a PEM file, or a secret that holds the PEM."""
    key: PemSecret
    """Its private key, without a passphrase: the path of a PEM file, or a secret that holds the PEM."""


TargetAuth = BearerAuth | BasicAuth | HeaderAuth | QueryAuth | OAuth2Auth | MtlsAuth


class StandardSign(Table):
    """Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`."""

    type: Literal["standard-webhooks"] = "standard-webhooks"
    secret: Annotated[StandardSecrets, Field(min_length=1)]
    """`whsec_…` signs as v1, `whsk_…` (ed25519) as v1a; every one of a list signs."""


class HmacSign(Table):
    """A signature in a header of the receiver's choice, such as GitHub's or Shopify's."""

    type: Literal["hmac"] = "hmac"
    secret: Annotated[Secrets, Field(min_length=1)]
    """Of a list the first signs."""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written."""
    header: TargetHeader
    """Where the signature stands."""
    prefix: Str = ""
    """What stands before it, such as `sha256=`."""
    signed: Signed = "{body}"
    """What is signed: {body}, {id} (the Idempotency-Key), {url}."""


Sign = StandardSign | HmacSign


class BatchConfig(Table):
    """Several deliveries in one request: a JSON array, one outcome for all."""

    max: Annotated[Int, Field(ge=1, le=200)] = 100
    """Sent when so many are there."""
    within: PositiveDuration = default("1s")
    """Or so long after the first became due."""


class RotateConfig(Table):
    """When a file gives way to a new one. Neither `size` nor `every`: never."""

    size: PositiveSize | None = None
    """When it would be larger than this."""
    every: PositiveDuration | None = None
    """When it is older than this."""
    keep: Annotated[Int, Field(ge=0, le=100_000)] = 10
    """How many of the old ones are kept."""


Text = Annotated[Str, Field(min_length=1)]


class TargetConfig(Table):
    """Where deliveries go."""

    url: Annotated[
        str | Secret, PlainValidator(target_url, json_schema_input_type=Secret), PlainSerializer(str)
    ]
    """http(s)://…, log:, exec:PATH, file:PATH, nats:// tls:// amqp(s):// kafka:// redis(s)://; may be a
    secret."""
    timeout: PositiveDuration = default("30s")
    """Of a whole attempt."""
    connect_timeout: PositiveDuration = default("5s")
    concurrency: Annotated[Int, Field(ge=1, le=10_000)] = 16
    """Attempts at once."""
    rate: Rate | None = None
    """How many deliveries at most; none: no limit."""
    auth: Annotated[TargetAuth | None, Field(discriminator="type")] = None
    """How relay proves itself."""
    ca: Pem | None = None
    """Its roots, instead of the system's."""
    sign: Annotated[Sign | None, Field(discriminator="type")] = None
    """http: how relay signs what it sends."""
    format: Literal["raw", "cloudevents", "cloudevents-binary"] = "raw"
    """raw: the body as it is; cloudevents: as JSON; cloudevents-binary: in headers (HTTP only)."""
    ordered_by: Str | None = None
    """CEL: deliveries of one key go out one after the other; null: no order."""
    batch: BatchConfig | None = None
    """http: several deliveries in one request."""
    retry: RetryConfig = RetryConfig()
    """What follows a failed attempt."""
    args: tuple[Str, ...] = ()
    """exec: the program's arguments, as they stand."""
    rotate: RotateConfig | None = None
    """file: when a new one is begun."""
    subject: Text | None = None
    """nats: where it is published; may hold ${CEL}."""
    stream: Text | None = None
    """nats: the only stream that may take it. redis: the one it is added to; may hold ${CEL}."""
    maxlen: Annotated[Int | None, Field(ge=1)] = None
    """redis: about how many entries the stream keeps."""
    exchange: Str = ""
    """amqp: where it is published; default: the default exchange."""
    routing_key: Str | None = None
    """amqp: by which the exchange finds queues; may hold ${CEL}."""
    topic: Text | None = None
    """kafka: where it is appended; may hold ${CEL}."""
    key: Str | None = None
    """kafka: by which it finds its partition; may hold ${CEL}."""

    @property
    def address(self) -> str:
        """The url revealed: for connecting, never for printing."""
        return self.url.reveal() if isinstance(self.url, Secret) else self.url

    @property
    def scheme(self) -> str:
        """How it is reached: `https`, `log`, `tls`."""
        return self.address.partition(":")[0].lower()

    @property
    def kind(self) -> str:
        """What it is: `http`, `log`, `exec`, `file`, `nats`, `amqp`, `kafka`, `redis`."""
        return KINDS[self.scheme]


HTTP: Final = frozenset({"http", "https"})
BROKERS: Final = frozenset({"nats", "amqp", "amqps", "kafka", "redis", "rediss", "tls"})
