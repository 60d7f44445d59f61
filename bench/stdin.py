"""Orders from whoever started this process, a line each; their end is the order to end."""

import asyncio
import sys
from collections.abc import AsyncIterator


async def lines() -> AsyncIterator[bytes]:
    """The lines of standard input, until it is closed."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        yield line
