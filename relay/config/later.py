"""What the configuration knows by name but this version cannot do: an error that says so, with a way round.

A key leaves this page when it arrives in `schema`.
"""

from typing import Final

LATER: Final = "is not available in this version"

_EXPRESSIONS: Final = "events go on as they came: filter or change them in the target"
_AUTH: Final = 'a url may be a secret: url = { env = "NAME" }'
_PLAIN_TARGETS: Final = "targets are http://, https:// and log:"

KEYS: Final[dict[str, dict[str, str]]] = {
    "": {
        "enrich": _EXPRESSIONS,
        "alerts": "watch /health and /metrics of the admin listener",
    },
    "verify": {
        "public_url": "it is one for all sources: [server] public_url",
    },
    "target": {
        "auth": _AUTH,
        "sign": "the sender's own signature goes along and still verifies",
        "ordered_by": "no order is promised: Relay-Event-Id sorts by the time of acceptance",
        "batch": "each delivery is a request of its own",
        "ca": "SSL_CERT_FILE names the roots for all targets",
        "headers": "the sender's headers go along",
        "certificate": _AUTH,
        "key": _PLAIN_TARGETS,
        "args": _PLAIN_TARGETS,
        "rotate": _PLAIN_TARGETS,
        "subject": _PLAIN_TARGETS,
        "stream": _PLAIN_TARGETS,
        "maxlen": _PLAIN_TARGETS,
        "exchange": _PLAIN_TARGETS,
        "routing_key": _PLAIN_TARGETS,
        "topic": _PLAIN_TARGETS,
    },
    "route": {
        "when": _EXPRESSIONS,
        "transform": _EXPRESSIONS,
        "on_error": "nothing here can fail but the delivery itself, which [target.NAME.retry] governs",
        "unrouted": "name the sources in from; relay events --state unrouted lists what no route took",
        "headers": "the sender's headers go along",
        "path": "the path is that of the target's url",
    },
}
"""By kind of table: each key that comes later, and what to do until then."""

FORMATS: Final = frozenset({"cloudevents", "cloudevents-binary"})
FORMAT_HINT: Final = 'format = "raw" delivers the body as it came'
SCHEMES: Final = frozenset({"exec", "file", "nats", "tls", "amqp", "amqps", "kafka", "redis", "rediss"})
SCHEME_HINT: Final = _PLAIN_TARGETS
STORES: Final = frozenset({"postgresql", "postgres"})
STORE_HINT: Final = 'url = "sqlite:relay.db"'
OWN_EVENTS_HINT: Final = "relay's own events come later; watch /health and /metrics"
