"""One page of a list: its items, and where the next page is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urljoin

from relay.expression.environment import Program
from relay.expression.errors import ExpressionError
from relay.http.document import read_document
from relay.http.question import Question
from relay.http.response import Response
from relay.poll.definition import Reading
from relay.poll.item import Scope
from relay.template import Unfit

MAX_ITEMS: Final = 100_000
"""Items of one page."""
Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The items of an answer, with what expressions may name beside them."""

    scope: Scope = field(repr=False)
    items: list[Any] = field(repr=False)
    exact: list[Any] | None = field(default=None, repr=False)
    """The same with numbers as they were written; None where that makes no difference."""

    def scopes(self) -> Iterator[Scope]:
        """The variables of each item."""
        for place, item in enumerate(self.items):
            exact = None
            if self.exact is not None and self.scope.exact is not None:
                exact = {**self.scope.exact, "item": self.exact[place]}
            yield Scope({**self.scope.plain, "item": item}, exact)


def answer_scope(response: Response, kind: str, variables: Variables, number: int) -> Scope:
    """What an answer adds to the variables of its request. Unfit where its body cannot be read."""
    document = read_document(response.body, kind, response.headers.get("content-type", ""))
    plain = {
        **variables,
        "body": document.body,
        "headers": dict(response.headers),
        "status": response.status,
        "page": number,
    }
    return Scope(plain, None if document.exact is None else {**plain, "body": document.exact})


def read_page(reading: Reading, response: Response, variables: Variables, number: int) -> Page:
    """The page of an answer; the first is number 1. Unfit where it is none that the table describes."""
    return page_of(reading, answer_scope(response, reading.format, variables, number))


def page_of(reading: Reading, scope: Scope) -> Page:
    """The page of an answer with these variables. Unfit where it is none that the table describes."""
    try:
        items = _items(reading.items.given(scope.plain))
    except ExpressionError as error:
        raise Unfit(f"items: {error}") from None
    plain = {**scope.plain, "items": items}
    exact = _exact_items(reading.items, scope, len(items))
    if exact is None or scope.exact is None:
        return Page(Scope(plain), items)
    return Page(Scope(plain, {**scope.exact, "items": exact}), items, exact)


def _items(value: Any) -> list[Any]:
    """Some write an empty list as null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unfit("items: is no list")
    if len(value) > MAX_ITEMS:
        raise Unfit(f"items: more than {MAX_ITEMS} on one page")
    return value


def _exact_items(program: Program, scope: Scope, count: int) -> list[Any] | None:
    """The items out of the exact body; None where the expression does not take it as it is."""
    if scope.exact is None:
        return None
    try:
        items = program.given(scope.exact)
    except ExpressionError:
        return None
    return items if isinstance(items, list) and len(items) == count else None


def next_request(reading: Reading, page: Page, first: Question, url: str) -> Question | None:
    """The request of the page behind this one; None: it was the last. Unfit.

    `url` is that of this page, for a link that is relative.
    """
    if reading.next is None:
        return None
    try:
        said = reading.next.given(page.scope.plain)
        if isinstance(said, dict):
            return first.merged(reading.next.json(page.scope.plain))
    except ExpressionError as error:
        raise Unfit(f"next: {error}") from None
    return _linked(said, first, url)


def _linked(said: Any, first: Question, url: str) -> Question | None:
    """A list of one link is as good as a link, an empty one as null."""
    if isinstance(said, list) and len(said) <= 1:
        said = said[0] if said else None
    if said is None or said == "":
        return None
    if not isinstance(said, str):
        raise Unfit("next: gives neither a link, nor a map, nor null")
    try:
        target = urljoin(url, said)
    except ValueError:
        raise Unfit("next: gives a link that is none") from None
    return replace(first, method="GET", url=target, query=(), json=None, form=None)
