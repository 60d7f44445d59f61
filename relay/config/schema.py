"""The file's shape, in the order of `config.example.toml`: every key that exists, with its default.

Presence rules between keys, and between tables, are in `rules`; keys that come later, in `later`.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import StrictInt as Int
from pydantic import StrictStr as Str

from relay.config.api import ApiConfig
from relay.config.header import HeaderName
from relay.config.pem import Pem
from relay.config.poll import PollConfig, WatchConfig
from relay.config.route import EnrichConfig, RouteConfig
from relay.config.secret import Secret
from relay.config.table import OneText, Secrets, Table, Texts, default
from relay.config.target import TargetConfig
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
)
from relay.config.url import public_address, source_path, store_url
from relay.config.verify import HandshakeConfig, Verify


class ServerConfig(Table):
    """Where senders post, and how much of it is taken at once."""

    listen: Listen = default("127.0.0.1:8080")
    max_body: PositiveSize = default("10MiB")
    """Of one request, counted while it streams."""
    max_inflight: PositiveSize = default("128MiB")
    """Of all bodies being received together; over it 503."""
    body_timeout: PositiveDuration = default("10s")
    """A body slower than this: 408."""
    ack_timeout: PositiveDuration = default("1s")
    """No durable commit by then: 503 and Retry-After."""
    drain: Duration = default("8s")
    """How long a stop waits for running attempts; what is not done stays pending."""
    public_url: Annotated[Str, AfterValidator(public_address)] | None = None
    """What senders see, for signatures over the URL; without a slash at its end."""
    trusted_proxies: Networks = ()
    """Whose X-Forwarded-For is believed, for logs, limits and `allow_from` only."""


class AdminConfig(Table):
    """Health, metrics and API: never on the public listener."""

    listen: Listen = default("127.0.0.1:8081")
    token: Secret | None = None
    """None: made at first start, kept beside the store."""


class StoreConfig(Table):
    """Where events are kept, and how long."""

    url: Annotated[Str, AfterValidator(store_url)] = "sqlite:relay.db"
    keep: Duration = default("7d")
    """Delivered, skipped and unrouted events."""
    keep_dead: Duration = default("30d")
    dedupe_window: Duration = default("7d")
    """Ids are remembered at least this long."""
    min_free: Size = default("64MiB")
    """Less free disk than this: 503."""


class LogConfig(Table):
    """What relay says of itself, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json", "journal"] = "auto"


class HealthConfig(Table):
    """From when on `/health` warns."""

    oldest_pending: PositiveDuration = default("15m")
    dead: Annotated[Int, Field(ge=1)] = 1
    """This many new dead deliveries in the last hour."""
    free_disk: Size = default("1GiB")


def _verify(value: object) -> object:
    return {"type": "none"} if value == "none" else value


Provider = Literal[
    "stripe",
    "github",
    "slack",
    "zoom",
    "shopify",
    "fedex",
    "paypal",
    "standard-webhooks",
    "cloudevents",
    "gitlab",
    "gitlab-signed",
    "bitbucket",
    "intercom",
    "meta",
    "dropbox",
    "linear",
    "twilio",
    "square",
    "hubspot-v3",
    "mailgun",
    "sendgrid",
    "discord",
    "sns",
    "microsoft-graph",
    "alertmanager",
    "x",
]
"""The senders that relay knows by name."""


class SourceConfig(Table):
    """A sender's door: `provider` for one that relay knows, `verify` for any other."""

    provider: Provider | None = None
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
    handshake: tuple[HandshakeConfig, ...] = ()
    """What it asks before, or besides, its events."""
    header: HeaderName | None = None
    """fedex: the header of its signature, where it is another."""
    verify_token: Secrets = ()
    """meta: what it repeats in its handshake."""
    webhook_id: Texts = ()
    """paypal: the subscription's own id; any one of them verifies."""
    topic_arn: Texts = ()
    """sns: whose messages are taken."""
    trust: Pem | None = None
    """paypal, sns: the roots of the signing certificate."""
    allowed_origins: Texts | None = None
    """cloudevents: who may be granted to post, when it asks with OPTIONS; `*`: anybody."""
    allowed_rate: Rate | None = None
    """cloudevents: what it is granted; default: what it asks for."""


class AlertsConfig(Table):
    """relay's own events."""

    every: PositiveDuration = default("1m")
    """At most one of a type and name in this time."""


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
    alerts: AlertsConfig = AlertsConfig()
    source: Annotated[dict[SourceName, SourceConfig], AfterValidator(_paths)] = Field(default={})
    target: dict[Name, TargetConfig] = Field(default={})
    route: dict[Name, RouteConfig] = Field(default={})
    api: dict[Name, ApiConfig] = Field(default={})
    enrich: dict[Name, EnrichConfig] = Field(default={})
    poll: dict[Name, PollConfig] = Field(default={})
    watch: dict[Name, WatchConfig] = Field(default={})
