"""A worker whose routes enrich: a stand with an api at a real socket."""

import json
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from typing_extensions import override

from relay.config.schema import Config
from relay.config.types import Place
from relay.deliver.enrich.enricher import open_enrichments
from relay.deliver.headers import Envelope
from relay.deliver.lane import open_blueprint, open_lanes
from relay.deliver.shape import open_shapes
from relay.delivery import Shaped
from relay.http.apis import Apis
from relay.route import Planned
from tests.clock import ManualClock
from tests.deliver.stand import Stand
from tests.target import Answer, ScriptedTarget, answer

ORDER: Final[dict[str, Any]] = {"api": "shop", "path": "/orders/${event.data.id}.json", "put": "order"}


class EnrichStand(Stand):
    """Opened with `async with`; tables of the file are given as keywords."""

    apis: Apis

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        super().__init__(folder, clock)
        self.file: dict[str, Any] = {}
        self.environ: dict[str, str] = {}

    @override
    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.apis = Apis(self.session, self.clock)
        self._opened()
        return self

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.worker.drain(0)
        await self.enricher.close()
        await self.apis.close()
        await super().__aexit__(kind, error, trace)

    def open(self, **tables: dict[str, Any]) -> None:
        """The tables of the file from now on; those that are not named stay."""
        self.file |= tables
        self._opened()

    def _opened(self) -> None:
        """As a reload does it."""
        place = Place(Path(), environ=self.environ)
        config = Config.model_validate(self.file, context=place, by_alias=True, by_name=False)
        enrichments, problems = open_enrichments(config)
        shapes, more = open_shapes(config)
        blueprint, rest = open_blueprint(config, shapes)
        assert [*problems, *more, *rest] == []
        self.apis.open(config.api)
        self.enricher.open(enrichments, self.apis)
        now = self.clock.now()
        for name in self.store.target_names() | set(config.target):
            self.store.remember(name, self.store.target_state(name).found(now))
        lanes = open_lanes(config, blueprint, self.means, Envelope({}), self.worker.lanes)
        self.worker.put_in_force(lanes)

    def serve(self, api: ScriptedTarget, target: ScriptedTarget, **enrich: Any) -> None:
        """A file of one enrichment, one route that needs it, and one target."""
        self.open(
            api={"shop": {"url": f"http://127.0.0.1:{api.port}/v1"}},
            enrich={"order": ORDER | enrich},
            target={"box": {"url": target.url, "retry": {"schedule": ["5s", "5m", "30m", "2h"]}}},
            route={
                "all": {"from": "shop", "to": "box", "transform": '{"id": event.data.id, "order": order}'}
            },
        )

    async def order(self, id: str | int = "7", *to: str, count: int = 1) -> list[str]:
        """Events of an order that are owed to `to`."""
        body = json.dumps({"id": id}).encode()
        return await self.post(*to, body=body, count=count, shaped=Shaped.SHAPED)

    async def event(self, type: str, document: object) -> str:
        """An event of that type, owed to the box; its id."""
        body, planned = json.dumps(document).encode(), (Planned("all", "box", shaped=Shaped.SHAPED),)
        (entry,) = self._entries(planned, body, 1)
        await self.store.append([entry._replace(event=replace(entry.event, type=type))])
        return entry.event.id

    async def told(self, id: str) -> tuple[str, int, str | None]:
        """How a delivery stands: its state, its attempts, the last error."""
        one = await self.delivery(id)
        return one.state, one.attempts, one.last_error


def says(document: object, status: int = 200, *headers: str) -> Answer:
    """An answer in JSON."""
    return answer(status, "Content-Type: application/json", *headers, body=json.dumps(document).encode())


def bodies(target: ScriptedTarget) -> list[Any]:
    """What came, read."""
    return [json.loads(request.body) for request in target.requests]


FOUND: Final = says({"total": 5})
WHOLE: Final = {"id": "7", "order": {"total": 5}}
"""What the target gets of an order that was found."""
BARE: Final = {"id": "7", "order": None}
