"""A whole daemon in this process, and commands that find it and no other."""

from tests.cli.conftest import own_world
from tests.journeys.conftest import as_before

__all__ = ["as_before", "own_world"]
