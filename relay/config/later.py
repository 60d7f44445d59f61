"""What the configuration knows by name but this version cannot do: an error that says so, with a way round.

A key leaves this page when it arrives in `schema`.
"""

from typing import Final

LATER: Final = "is not available in this version"

VERIFY: Final = {"public_url": "it is one for all sources: [server] public_url"}
"""Keys of `verify` that come later, and what to do until then."""

STORES: Final = frozenset({"postgresql", "postgres"})
STORE_HINT: Final = 'url = "sqlite:relay.db"'
