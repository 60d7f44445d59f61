"""Providers as their own set-up lines make them."""

import tomllib
from typing import Any, Final, get_args

from relay.config.schema import Provider as ProviderName
from relay.config.schema import SourceConfig
from relay.errors import Problem
from relay.receive.providers.known import build
from relay.receive.providers.preset import preset
from relay.receive.providers.protocol import Provider
from tests.receive.providers.posting import PUBLIC_URL

NAMES: Final = get_args(ProviderName)
SECRETS: Final = {
    "discord": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "sendgrid": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/"
        "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
    ),
}
"""Those that not any text can be."""
PLAIN: Final = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
THEIRS: Final = frozenset({"paypal", "sns", "discord", "sendgrid"})
"""Only the sender has the key; tests/cli/test_send.py sends as they do, with a key of its own."""


def pasted(name: str) -> dict[str, Any]:
    """The table of its setup lines; what stands for a secret has a value."""
    (table,) = tomllib.loads(preset(name).setup.config)["source"].values()
    filled: dict[str, Any] = _filled(table, SECRETS.get(name, PLAIN))
    return filled


def _filled(value: Any, secret: str) -> Any:
    match value:
        case {"env": str()}:
            return secret
        case dict():
            return {key: _filled(part, secret) for key, part in value.items()}
        case list():
            return [_filled(part, secret) for part in value]
    return value


def built(name: str) -> Provider | list[Problem]:
    return build("shop", SourceConfig.model_validate(pasted(name)), PUBLIC_URL)


def provider(name: str) -> Provider:
    found = built(name)
    assert not isinstance(found, list), found
    return found
