"""What to write instead: for keys that are missing, of another shape, or of another table."""

from collections.abc import Mapping
from typing import Final

from relay.config.poll_rules import BELONGS
from relay.config.secret import HINT

Text = tuple[str, str]
"""What is wrong, and a hint."""

MISSING: Final = {
    "target.url": 'url = "https://HOST/PATH" or "log:"',
    "api.url": 'url = "https://api.example.com/v1"',
    "api": 'api = "NAME" of an [api.NAME]',
    "path": 'path = "/orders", appended to the url of the api',
    "items": 'items = "body.orders"; items = "body" where the answer is the list itself',
    "id": 'id = "item.id"',
    "token": f"token = {HINT}",
    "value": f"value = {HINT}",
    "password": f"password = {HINT}",
    "secret": f"secret = {HINT}",
    "client_secret": f"client_secret = {HINT}",
    "client_id": 'client_id = "NAME"',
    "token_url": 'token_url = "https://login.example.com/oauth/token"',
    "user": 'user = "NAME"',
    "name": 'name = "X-Api-Key"',
    "certificate": 'certificate = "relay.pem", a file, or a secret that holds the PEM',
    "key": 'key = "relay.key", a file, or a secret that holds the PEM',
    "header": 'header = "X-Signature"',
    "put": 'put = "order", the name by which expressions know the answer',
    "on": """on = 'event.type == "parcel.sent"'""",
    "keys": 'keys = "[event.data.number]"',
    "from": 'from = ["SOURCE"], or "*"',
    "to": 'to = ["TARGET"]',
    "username": "the user that the sender logs in as",
    "signature": 'such as { time = "t", signature = "v1" }',
}
"""By key, and where that says too little by table and key."""
SHAPES: Final[Mapping[str, Text]] = {
    "source.handshake": ("must be a list of tables", "[[source.NAME.handshake]], in two brackets each"),
    "source.secret": ("is no secret", f"write {HINT}"),
    "source.verify": ("must be a table", 'verify = { type = "hmac", header = "X-Signature" }'),
    "api.auth": ("must be a table", f'auth = {{ type = "bearer", token = {HINT.partition("}")[0]}}} }}'),
    "target.auth": ("must be a table", f'auth = {{ type = "bearer", token = {HINT.partition("}")[0]}}} }}'),
    "target.sign": ("must be a table", 'sign = { type = "standard-webhooks", secret = { env = "NAME" } }'),
    "target.batch": ("must be a table", 'batch = { max = 100, within = "1s" }'),
    "target.retry": ("must be a table", 'retry = { max_age = "76h" }'),
    "target.rotate": ("must be a table", 'rotate = { size = "100MiB", every = "1d", keep = 10 }'),
    "target.args": ("must be a list", 'args = ["--fast"]'),
    "route.headers": ("must be a table", 'headers.X-Order = "string(body.id)"'),
}
"""Keys that another shape of value is often given."""

_OF_A_ROUTE: Final = "a key of [route.NAME], which chooses events and their shape"
_OF_A_TARGET: Final = "a key of [target.NAME], which says how it is reached"
_OF_A_POLL: Final = "a key of [poll.NAME], which reads a list"
ELSEWHERE: Final[Mapping[str, Mapping[str, str]]] = {
    **BELONGS,
    "target": dict.fromkeys(("from", "when", "transform", "headers", "path", "on_error"), _OF_A_ROUTE)
    | dict.fromkeys(("certificate",), 'a word of auth = { type = "mtls", … }')
    | dict.fromkeys(("token", "user", "password"), "a word of auth = { type = …, … }")
    | dict.fromkeys(("schedule", "jitter", "max_age"), "a key of [target.NAME.retry]")
    | {"secret": "a word of sign = { type = …, … }"},
    "route": dict.fromkeys(
        ("url", "auth", "sign", "format", "ordered_by", "batch", "rate", "retry", "timeout"), _OF_A_TARGET
    ),
    "enrich": dict.fromkeys(("items", "id", "each", "next", "every", "idle", "gap", "keep"), _OF_A_POLL)
    | {"when": "called on here", "auth": "a key of [api.NAME], which says how it is asked"},
}
"""By kind of table: keys of another one, and what to say of them."""
ALSO_CALLED: Final = {
    "aws-sns": "sns",
    "facebook": "meta",
    "graph": "microsoft-graph",
    "hubspot": "hubspot-v3",
    "instagram": "meta",
    "svix": "standard-webhooks",
    "twitter": "x",
    "whatsapp": "meta",
}
"""Senders that go by another name here."""
