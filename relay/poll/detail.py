"""One more request for each item that is new, where the list does not hold what its event says."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from relay.expression.errors import ExpressionError
from relay.http.ask import Ok
from relay.poll.asking import Asking, Broken
from relay.poll.definition import Detail
from relay.poll.gathered import Gathered, News
from relay.poll.item import Poison, Scope, body, poison
from relay.poll.page import answer_scope
from relay.template import Unfit

GONE: Final = frozenset({400, 404, 410, 422})
"""A detail that is answered so will be so again: it is the item's fault, not the api's."""


@dataclass(slots=True)
class Detailer:
    """Asks for the details of what a pass gathered."""

    detail: Detail
    asking: Asking
    known: Callable[[Sequence[str]], Awaitable[Collection[str]]] = field(repr=False)
    """Those of some keys whose event is there already, a webhook's perhaps: nothing is asked for them."""

    async def fetch(self, got: Gathered) -> Broken | None:
        """Give each of the news its body. What could not be had is as if it had not been listed."""
        ready: list[News] = []
        broken: Broken | None = None
        known = await self.known([news.key for news in got.news])
        for news in got.ordered():
            if broken is not None:
                got.drop(news)
            elif news.key in known:
                got.known += 1
            elif isinstance(found := await self._body(news), bytes):
                news.body, news.scope = found, None
                got.bytes += len(found)
                ready.append(news)
            elif isinstance(found, Poison):
                got.refuse(found)
            else:
                broken = found
                got.drop(news)
        got.news = ready
        return broken

    async def _body(self, news: News) -> bytes | Poison | Broken:
        assert news.scope is not None
        try:
            request = self.detail.request.render(news.scope.plain)
        except (Unfit, ExpressionError) as error:
            return poison(news.scope, f"detail.path: {error}", news.id)
        answered = await self.asking(request)
        if isinstance(answered, Ok):
            return self._read(news, news.scope, answered)
        why = answered if isinstance(answered, Broken) else Broken("answered in a way that a detail is not")
        if why.status in GONE:
            return poison(news.scope, f"detail: {why.why}", news.id)
        return Broken(f"detail: {why.why}", why.until, why.status)

    def _read(self, news: News, scope: Scope, answered: Ok) -> bytes | Poison:
        try:
            mine = answer_scope(answered.response, "json", scope.plain, scope.plain["page"])
            return body(self.detail.data, mine)
        except (Unfit, ExpressionError) as error:
            return poison(scope, f"detail.data: {error}", news.id)
