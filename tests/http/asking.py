"""An api of our own on 127.0.0.1, and relay asking it."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from relay.clock import Clock
from relay.config.api import ApiConfig
from relay.config.types import Place
from relay.http.api import Api
from tests.target import Answer, ScriptedTarget, answer

ENVIRON = {
    "TOKEN": "tok-Zq81/+=",
    "PASSWORD": "pass Wq72&",
    "KEY": "key-Lr55?%",
    "CLIENT": "cli-Hn30:#",
    "ACCOUNT": "acc-Vb64;@",
    "EXTRA": "ext-Tj09'!",
}
"""Secrets with all the characters that get encoded on their way."""


def config(target: ScriptedTarget, **keys: Any) -> ApiConfig:
    """`[api.shop]` as the file would say it."""
    words = {"url": f"http://127.0.0.1:{target.port}/v1", **keys}
    return ApiConfig.model_validate(words, context=Place(Path(), environ=ENVIRON), by_alias=True)


@asynccontextmanager
async def asked(
    session: ClientSession, clock: Clock, script: Sequence[Answer | int] = (), **keys: Any
) -> AsyncIterator[tuple[Api, ScriptedTarget]]:
    """An api that answers by a script, opened."""
    async with ScriptedTarget(script) as target:
        api = Api("shop", config(target, **keys), session, clock)
        try:
            yield api, target
        finally:
            await api.close()


def says(document: object, *headers: str, status: int = 200) -> Answer:
    """An answer in JSON."""
    return answer(status, "Content-Type: application/json", *headers, body=json.dumps(document).encode())
