"""The admin listener, opened and closed: with the file by which commands find it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from relay.admin.admin_file import admin_token, remove_admin_file, write_admin_file
from relay.admin.app import make_app
from relay.admin.running import Running
from relay.listener import address, listen


@asynccontextmanager
async def admin_listener(running: Running, file: Path, store: Path) -> AsyncIterator[str]:
    """Listen while it is open; the address. `file` is the configuration's, `store` the store's."""
    at = running.config.admin.listen
    token = admin_token(running.config, store)
    runner = web.AppRunner(make_app(running, token), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await listen(runner, at)
        where = address(runner, at)
        folder = Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or store.parent)
        write_admin_file(folder, where, token, store, file)
        try:
            yield where
        finally:
            remove_admin_file(folder)
    finally:
        await runner.cleanup()
