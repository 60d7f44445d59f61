"""What the file's `auth` becomes beside a request."""

import pytest

from relay.config.auth import BasicAuth, BearerAuth, HeaderAuth, QueryAuth
from relay.config.secret import Secret
from relay.http.credentials import Credentials, Fixed, fixed

SECRET = Secret("hush/9")


@pytest.mark.parametrize(
    ("config", "credentials"),
    [
        (None, Credentials()),
        (BearerAuth(token=SECRET), Credentials((("Authorization", "Bearer hush/9"),))),
        (BasicAuth(user="ann", password=SECRET), Credentials((("Authorization", "Basic YW5uOmh1c2gvOQ=="),))),
        (BasicAuth(user="ü", password=SECRET), Credentials((("Authorization", "Basic w7w6aHVzaC85"),))),
        (HeaderAuth(name="X-Key", value=SECRET), Credentials((("X-Key", "hush/9"),))),
        (QueryAuth(name="key", value=SECRET), Credentials(query=(("key", "hush/9"),))),
    ],
)
async def test_words(
    config: BearerAuth | BasicAuth | HeaderAuth | QueryAuth | None, credentials: Credentials
) -> None:
    """Each word of the file, on the wire; all that is secret in it is known as such."""
    auth = fixed(config)
    got = await auth.credentials()
    assert got == credentials
    assert not auth.refuse(got)
    if config is not None:
        assert "hush/9" in {secret.reveal() for secret in auth.secrets()}
        assert "hush" not in f"{auth!r}{vars(auth)!r}{got!r}"
    if isinstance(config, BasicAuth):
        assert got.headers[0][1].endswith(tuple(secret.reveal() for secret in auth.secrets()))


async def test_nobody() -> None:
    """Without `auth` nothing goes along."""
    assert await Fixed().credentials() == Credentials((), ())
