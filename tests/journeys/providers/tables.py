"""The tables of a user whose providers are fake servers: presets, with another url and the logins there."""

from typing import Any, Final

SECRETS: Final = (
    "STRIPE_KEY", "GITHUB_TOKEN", "SLACK_TOKEN", "ZOOM_ID", "ZOOM_SECRET", "ZOOM_ACCOUNT", "SHOPIFY_TOKEN",
    "PAYPAL_ID", "PAYPAL_SECRET", "FEDEX_KEY", "FEDEX_SECRET",
)  # fmt: skip
"""The variables of the presets; at the fake servers each holds its own name."""
WHO: Final = {
    "zoom": (
        "ZOOM_ID", "ZOOM_SECRET", "/oauth/token",
        'form = { grant_type = "account_credentials", account_id = { env = "ZOOM_ACCOUNT" } }',
    ),
    "paypal": ("PAYPAL_ID", "PAYPAL_SECRET", "/v1/oauth2/token", 'send = "basic"'),
    "fedex": ("FEDEX_KEY", "FEDEX_SECRET", "/oauth/token", 'send = "body"'),
}  # fmt: skip
"""Id, secret, where tokens are had, and what else the preset says."""


def api(name: str, url: str, **further: Any) -> str:
    """The table of a preset's api that lives at `url`, as a user writes it whose provider is elsewhere."""
    lines = [f"[api.{name}]", f'url = "{url}"', *(f"{key} = {value!r}" for key, value in further.items())]
    if name in WHO:
        id, secret, path, more = WHO[name]
        words = [f'type = "oauth2", token_url = "{url}{path}"', f'client_id = {{ env = "{id}" }}']
        words += [f'client_secret = {{ env = "{secret}" }}', more]
        lines.append(f"auth = {{ {', '.join(words)} }}")
    return "\n".join(lines)


def preset(name: str, *keys: str, kind: str = "poll") -> str:
    """A poll, or a watch, as the preset has it but for these keys."""
    return "\n".join([f"[{kind}.{name}]", f'preset = "{name}"', *keys, ""])


def source(name: str, more: str = 'secret = { env = "STRIPE_KEY" }') -> str:
    """The webhook side of a provider."""
    return f'[source.{name}]\nprovider = "{name}"\n{more}\n'
