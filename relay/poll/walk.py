"""From the first page of a list to its last: one after the other, with an end that is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from relay.expression.errors import ExpressionError
from relay.http.ask import Ok, Restart, Unchanged
from relay.http.question import Pairs, Question
from relay.http.response import Response
from relay.poll.asking import Asking, Broken, digest
from relay.poll.definition import Listing
from relay.poll.page import Page, next_request, read_page
from relay.poll.state import Validators
from relay.template import Unfit

RESTARTS: Final = 2
"""How often a pass begins anew because the api wants it (a page token that ran out)."""
LARGE: Final = 1 << 18
"""Bytes of a body that is read on a thread, so that nobody waits for it."""
Variables = Mapping[str, Any]


@dataclass(slots=True)
class Walk:
    """Reads the pages of one pass. When it has ended, `broken` says why it did before the last page."""

    poll: Listing
    asking: Asking
    variables: Variables = field(repr=False)
    validators: Validators | None = None
    """Those of page 1, where it may be asked for on condition."""
    broken: Broken | None = None
    unchanged: bool = False
    """The first page is as it was."""
    ended: bool = False
    """The last page was read."""
    pages: int = 0
    first: Response | None = field(default=None, repr=False)
    """The answer that holds page 1."""
    seen: Validators | None = None
    """Those of the page 1 that was read."""
    capped: bool = False
    """`max_pages` broke it off."""
    skew: int | None = None
    """The server's clock less our own, by the last answer."""
    _from: Question | None = field(default=None, repr=False)
    """The request of page 1, into which `next` is merged."""
    _next: Question | None = field(default=None, repr=False)
    _number: int = 1
    _asked: set[str] = field(default_factory=set)
    _restarts: int = 0

    async def page(self) -> Page | None:
        """The next page; None: there is none, and `ended` or `broken` says why."""
        if self._from is None and not self._begin():
            return None
        while self._next is not None and self.broken is None:
            if self.pages >= self.poll.config.max_pages:
                self.capped, self.broken = True, Broken(f"more than {self.pages} pages (max_pages)")
                return None
            response = await self._answer(self._next, self._number)
            if response is not None:
                return await self._read(response)
            if self.unchanged or self.broken is not None or not self._begin_anew():
                return None
        return None

    def _begin(self) -> bool:
        try:
            self._from = self._next = self.poll.request.render(self.variables)
        except (Unfit, ExpressionError) as error:
            self.broken = Broken(f"no request: {error}", unfit=True)
        return self.broken is None

    def _begin_anew(self) -> bool:
        """From the first page again, because the api wants it; whether it may still want that."""
        self._restarts += 1
        if self._restarts > RESTARTS:
            self.broken = Broken(f"the api wanted the first page again, more than {RESTARTS} times")
            return False
        self._next, self._number = self._from, 1
        self._asked.clear()
        return True

    async def _read(self, response: Response) -> Page | None:
        assert self._from is not None
        reading = (self.poll.reading, response, self.variables, self._number)
        try:
            large = len(response.body) > LARGE
            page = await asyncio.to_thread(read_page, *reading) if large else read_page(*reading)
            self._next = next_request(self.poll.reading, page, self._from, response.url)
        except Unfit as error:
            self.broken = Broken(f"page {self._number}: {error}", unfit=True)
            return None
        self.pages += 1
        self._number += 1
        self.ended = self._next is None
        return page

    async def _answer(self, request: Question, number: int) -> Response | None:
        """The answer that holds a page; None where there is none, or where to begin anew."""
        print_ = digest(request, self.poll.realm)
        if print_ in self._asked:
            self.broken = Broken(f"page {number} is a page that was read before: a loop")
            return None
        self._asked.add(print_)
        conditions = _conditions(self.validators, request, print_) if number == 1 else ()
        match await self.asking(request, conditions):
            case Ok(response):
                self.skew = response.at - self.asking.clock.now()
                if number == 1:
                    self.first, self.seen = response, _validators(response, request, print_)
                return response
            case Unchanged(response):
                self._not_changed(response, asked=bool(conditions))
            case Broken() as broken:
                self.broken = Broken(f"page {number}: {broken.why}", broken.until, broken.status)
            case Restart():
                pass
        return None

    def _not_changed(self, response: Response, *, asked: bool) -> None:
        self.first, self.unchanged, self.ended = response, asked, asked
        if not asked:
            self.broken = Broken("answered 304 to what was asked without a condition")


def _conditions(known: Validators | None, request: Question, print_: str) -> Pairs:
    if known is None or known.request != print_ or request.method != "GET":
        return ()
    found = (("If-None-Match", known.etag), ("If-Modified-Since", known.modified))
    return tuple((name, value) for name, value in found if value)


def _validators(response: Response, request: Question, print_: str) -> Validators | None:
    """What the server wrote, byte for byte."""
    etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
    if request.method != "GET" or not (etag or modified):
        return None
    return Validators(print_, etag, modified)
