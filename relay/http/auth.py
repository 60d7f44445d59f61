"""The way to prove ourselves that the file's `auth` names."""

from aiohttp import ClientSession

from relay.clock import Clock
from relay.config.auth import Auth as AuthWords
from relay.config.auth import OAuth2Auth
from relay.http.credentials import Auth, fixed
from relay.http.oauth2 import OAuth2


def open_auth(config: AuthWords | None, session: ClientSession, clock: Clock, name: str = "") -> Auth:
    """`name` is what the log calls it: `api.NAME`, `target.NAME`. Nothing is fetched before it is needed."""
    return OAuth2(config, session, clock, name) if isinstance(config, OAuth2Auth) else fixed(config)
