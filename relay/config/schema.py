"""The file's shape, in the order of `config.example.toml`: every key that exists, with its default.

Presence rules between keys, and between tables, are in `rules`; keys that come later, in `later`.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    WithJsonSchema,
)
from pydantic import StrictFloat as Float
from pydantic import StrictInt as Int
from pydantic import StrictStr as Str

from relay.config.choice import format_name, provider_name
from relay.config.secret import Secret
from relay.config.types import (
    Duration,
    Listen,
    Name,
    Networks,
    PositiveDuration,
    PositiveSize,
    Rate,
    Size,
    SourceName,
    fault,
)
from relay.config.url import public_address, source_path, store_url, target_url


def _default(text: str | tuple[str, ...]) -> Any:
    """A default as the file would write it: read like the file's own text, and shown so by `relay schema`."""
    return Field(default=text, validate_default=True)


def _several(value: object) -> object:
    """One is as good as a list of one."""
    return [value] if isinstance(value, str | dict | Secret) else value


def _one(value: object) -> object:
    if isinstance(value, list):
        raise fault("takes one, not a list")
    return (value,) if isinstance(value, str) else value


class Table(BaseModel):
    """A table of the file. Unknown keys are errors; what was given is never shown in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)


Texts = Annotated[tuple[Str, ...], BeforeValidator(_several, tuple[Str, ...] | Str)]
OneText = Annotated[tuple[Str, ...], BeforeValidator(_one), WithJsonSchema({"type": "string"})]
Secrets = Annotated[tuple[Secret, ...], BeforeValidator(_several, tuple[Secret, ...] | Secret)]


class ServerConfig(Table):
    """Where senders post, and how much of it is taken at once."""

    listen: Listen = _default("127.0.0.1:8080")
    max_body: PositiveSize = _default("10MiB")
    """Of one request, counted while it streams."""
    max_inflight: PositiveSize = _default("128MiB")
    """Of all bodies being received together; over it 503."""
    body_timeout: PositiveDuration = _default("10s")
    """A body slower than this: 408."""
    ack_timeout: PositiveDuration = _default("1s")
    """No durable commit by then: 503 and Retry-After."""
    drain: Duration = _default("8s")
    """How long a stop waits for running attempts; what is not done stays pending."""
    public_url: Annotated[Str, AfterValidator(public_address)] | None = None
    """What senders see, for signatures over the URL; without a slash at its end."""
    trusted_proxies: Networks = ()
    """Whose X-Forwarded-For is believed, for logs, limits and `allow_from` only."""


class AdminConfig(Table):
    """Health, metrics and API: never on the public listener."""

    listen: Listen = _default("127.0.0.1:8081")
    token: Secret | None = None
    """None: made at first start, kept beside the store."""


class StoreConfig(Table):
    """Where events are kept, and how long."""

    url: Annotated[Str, AfterValidator(store_url)] = "sqlite:relay.db"
    keep: Duration = _default("7d")
    """Delivered, skipped and unrouted events."""
    keep_dead: Duration = _default("30d")
    dedupe_window: Duration = _default("7d")
    """Ids are remembered at least this long."""
    min_free: Size = _default("64MiB")
    """Less free disk than this: 503."""


class LogConfig(Table):
    """What relay says of itself, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json", "journal"] = "auto"


class HealthConfig(Table):
    """From when on `/health` warns."""

    oldest_pending: PositiveDuration = _default("15m")
    dead: Annotated[Int, Field(ge=1)] = 1
    """This many new dead deliveries in the last hour."""
    free_disk: Size = _default("1GiB")


class TimestampConfig(Table):
    """Where the moment of signing stands, and how far off it may be."""

    header: Str | None = None
    json_path: Str | None = Field(default=None, validation_alias="json")
    unit: Literal["s", "ms"] = "s"
    tolerance: PositiveDuration = _default("300s")
    """An age equal to it passes."""
    future: StrictBool = True
    """False: a moment to come is never checked against `tolerance`."""


class PairsConfig(Table):
    """The signature header holds `KEY=VALUE` pairs, separated by commas: which key is what."""

    signature: Str
    time: Str | None = None


class HmacVerify(Table):
    """The sender signs with a shared secret."""

    type: Literal["hmac"] = "hmac"
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


Verify = HmacVerify | TokenVerify | BearerVerify | BasicVerify | NoVerify


def _verify(value: object) -> object:
    return {"type": "none"} if value == "none" else value


class SourceConfig(Table):
    """A sender's door: `provider` for one that relay knows, `verify` for any other."""

    provider: Annotated[Literal["github", "standard-webhooks"], BeforeValidator(provider_name)] | None = None
    verify: Annotated[
        Verify | None, Field(discriminator="type"), BeforeValidator(_verify, Literal["none"] | Verify)
    ] = None
    secret: Secrets = ()
    """Any one of them verifies."""
    path: Annotated[Str, AfterValidator(source_path)] = ""
    """Where it listens; in a loaded file never empty: `/in/NAME` where it has none of its own."""
    ack_timeout: PositiveDuration | None = None
    max_body: PositiveSize | None = None
    body_timeout: PositiveDuration | None = None
    allow_from: Networks | None = None
    """Others: 403."""
    expect_every: PositiveDuration | None = None
    """Silent for longer: warn."""
    id: Texts = ()
    """Where the sender's own id stands; the first that is there."""
    also: Texts = ()
    """Further names of the same event."""
    type: OneText = ()
    """At most one; none: the source's name."""
    time: OneText = ()
    """At most one."""


class RetryConfig(Table):
    """What follows a failed attempt."""

    schedule: tuple[Duration, ...] = _default(("5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"))
    """The waits between attempts. Empty: none is made after the first."""
    jitter: Annotated[Float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.2
    max_age: PositiveDuration = _default("76h")


class TargetConfig(Table):
    """Where deliveries go."""

    url: Annotated[
        str | Secret, PlainValidator(target_url, json_schema_input_type=Secret), PlainSerializer(str)
    ]
    """`log:` or http(s)://…; a Secret where the file says so, or where it holds a password."""
    timeout: PositiveDuration = _default("30s")
    connect_timeout: PositiveDuration = _default("5s")
    concurrency: Annotated[Int, Field(ge=1, le=10_000)] = 16
    rate: Rate | None = None
    format: Annotated[Literal["raw"], BeforeValidator(format_name)] = "raw"
    retry: RetryConfig = RetryConfig()

    @property
    def address(self) -> str:
        """The url revealed: for connecting, never for printing."""
        return self.url.reveal() if isinstance(self.url, Secret) else self.url


class RouteConfig(Table):
    """From sources to targets."""

    sources: Annotated[Texts, Field(min_length=1)] = Field(validation_alias="from")
    """Names and globs."""
    to: Annotated[Texts, Field(min_length=1)]


def _paths(sources: dict[str, SourceConfig]) -> dict[str, SourceConfig]:
    return {
        name: source if source.path else source.model_copy(update={"path": f"/in/{name}"})
        for name, source in sources.items()
    }


class Config(Table):
    """The whole file."""

    server: ServerConfig = ServerConfig()
    admin: AdminConfig = AdminConfig()
    store: StoreConfig = StoreConfig()
    log: LogConfig = LogConfig()
    health: HealthConfig = HealthConfig()
    source: Annotated[dict[SourceName, SourceConfig], AfterValidator(_paths)] = {}
    target: dict[Name, TargetConfig] = {}
    route: dict[Name, RouteConfig] = {}
