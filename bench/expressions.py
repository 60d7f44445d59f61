"""What an expression costs, beside the official library's own run time on the same texts and event.

Filters and a transform are also measured as relay asks them: `plan_quickly` over routes, `shape` of an event.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson
from cel_expr_python import cel

from bench.row import Row
from bench.timing import microseconds
from relay.deliver.shape import Shape, shape
from relay.event import Event
from relay.expression.checker import extensions
from relay.expression.environment import Environment, Program
from relay.expression.output import dumps
from relay.plan import plan_quickly
from relay.route import Planned, Route, Routes
from relay.seen import Seen
from relay.seen import environment as relays_own

FEW: Final = 5
LIBRARY: Final = "the library's run time"
BARE: Final = "the bare expressions"
HEADERS: Final = {"x-github-event": "push", "content-type": "application/json"}
VARIABLES: Final = {"body": "dyn", "headers": "map(string, string)"}
FILTERS: Final = {
    "header equals": "headers['x-github-event'] == 'push'",
    "field equals": "body.ref == 'refs/heads/main'",
    "in a list": "body.repository.name in ['web', 'api', 'relay']",
    "has, orValue": "has(body.pusher) && body.?sender.?login.orValue('') == 'mona'",
    "two exists": "body.commits.exists(c, c.modified.exists(m, m == 'src/none.py'))",
}
TRANSFORM: Final = (
    "{'repository': body.repository.name, 'after': body.after, 'by': body.?pusher.?name.orValue('nobody'),"
    " 'commits': body.commits.map(c, {'id': c.id, 'by': c.author.name, 'files': size(c.modified)})}"
)
WHY: Final = "It was wrong where two came at once; now each waits for the one before it, and says so."
LONG: Final = [{"id": number, "name": f"item {number}"} for number in range(9_000)]


def push() -> bytes:
    """An event of some 9 KB: a push of twelve commits."""
    person = {"name": "Mona Lisa", "email": "mona@example.com", "username": "mona"}
    commits = [
        {
            "id": f"{number:040x}",
            "message": f"Change number {number}, for a reason that takes a line to tell\n\n{WHY}",
            "timestamp": f"2026-03-01T10:{number:02d}:00+01:00",
            "url": f"https://git.example.com/octo/relay/commit/{number:040x}",
            "author": person,
            "committer": person | {"date": f"2026-03-01T10:{number:02d}:00+01:00"},
            "tree_id": f"{number + 100:040x}",
            "distinct": True,
            "added": [],
            "removed": [],
            "modified": [f"src/part{number}/file{name}.py" for name in range(3)],
        }
        for number in range(12)
    ]
    return orjson.dumps(
        {
            "ref": "refs/heads/main",
            "after": f"{11:040x}",
            "repository": {"id": 9_007_199_254_740_993, "name": "relay", "private": False},
            "pusher": {"name": "mona", "email": "mona@example.com"},
            "sender": {"login": "mona", "id": 1},
            "commits": commits,
        }
    )


def expressions(step: Callable[[str], None]) -> list[Row]:
    """Microseconds of filters, of a transform, of a whole event and of loading; milliseconds of loops."""
    body = push()
    step("filters")
    rows = filters(body)
    step("transform")
    rows += whole(body)
    step("loops over 9,000 elements")
    rows += loops()
    step("loading")
    return rows + loading()


def environment() -> Environment:
    return Environment(VARIABLES)


def library() -> Any:
    """The library's own environment, over the same variables."""
    types = {"body": cel.Type.DYN, "headers": cel.Type.Map(cel.Type.STRING, cel.Type.STRING)}
    return cel.NewEnv(variables=types, extensions=extensions())


def filters(body: bytes) -> list[Row]:
    """Each filter alone, on variables that are at hand."""
    ours, theirs = environment(), library()
    variables = {"body": orjson.loads(body), "headers": HEADERS}
    activation = theirs.Activation(variables)
    rows = []
    for name, text in FILTERS.items():
        mine, other = ours.compile(text), theirs.compile(text)
        figure = microseconds(holding(mine, variables))
        rows.append(
            Row(f"filter, {name}", "µs", figure, LIBRARY, microseconds(evaluating(other, activation)))
        )
    return rows


def holding(program: Program, variables: dict[str, Any]) -> Callable[[], object]:
    return lambda: program.holds(variables)


def evaluating(expression: Any, activation: Any) -> Callable[[], object]:
    return lambda: expression.eval(activation).value()


def whole(body: bytes) -> list[Row]:
    """An event from its bytes: parsed, asked five filters, and transformed."""
    ours, theirs = environment(), library()
    tests = [ours.compile(text) for text in FILTERS.values()]
    their_tests = [theirs.compile(text) for text in FILTERS.values()]
    transform, their_transform = ours.compile(TRANSFORM), theirs.compile(TRANSFORM)

    def mine() -> dict[str, Any]:
        variables = {"body": orjson.loads(body), "headers": HEADERS}
        for program in tests:
            program.holds(variables)
        return variables

    def other() -> Any:
        activation = theirs.Activation({"body": orjson.loads(body), "headers": HEADERS})
        for expression in their_tests:
            expression.eval(activation).value()
        return activation

    event, their_event = mine(), other()
    kilobytes = len(body) / 1_000
    asked, shaped = microseconds(mine), microseconds(lambda: dumps(transform.json(event)))
    return [
        Row(
            f"parse {kilobytes:.0f} KB and 5 filters",
            "µs",
            asked,
            LIBRARY,
            microseconds(other),
            below=40,
        ),
        Row("the same at acceptance, 5 routes", "µs", microseconds(planning(body)), BARE, asked, below=40),
        Row(
            "transform with a list of maps",
            "µs",
            shaped,
            LIBRARY,
            microseconds(lambda: orjson.dumps(their_transform.eval(their_event).plain_value())),
            below=40,
        ),
        Row("the same at an attempt", "µs", microseconds(shaping(body)), BARE, shaped, below=40),
    ]


def pushed(body: bytes) -> Event:
    """The event as it was accepted."""
    headers = tuple((name.encode(), value.encode()) for name, value in HEADERS.items())
    return Event("0" * 20, "github", "key", "push", "webhook", 0, body, headers)


def planning(body: bytes) -> Callable[[], tuple[Planned, ...] | None]:
    """What an event costs at acceptance: it is parsed, and each route's filter is asked."""
    event, scope = pushed(body), relays_own()
    routes = Routes(
        Route(name, (event.source,), ("target",), scope.compile(text)) for name, text in FILTERS.items()
    )
    return lambda: plan_quickly(Seen(event), routes)


def shaping(body: bytes) -> Callable[[], object]:
    """What a transform costs at an attempt, but for the parsing of the event."""
    made_of = Shape(relays_own().compile(TRANSFORM))
    event = pushed(body)
    parsed = Seen(event)
    shape(parsed, made_of)
    return lambda: shape(Seen(event, parsed), made_of)


def loops() -> list[Row]:
    """The library's own loops take the square of the length, so what is beside ours is Python's own."""
    ours, variables = environment(), {"body": LONG, "headers": HEADERS}
    map_ids, kept = ours.compile("body.map(x, x.id)"), ours.compile("body.filter(x, x.id >= 10)")
    bare_map = microseconds(lambda: [item["id"] for item in LONG], FEW) / 1_000
    bare_filter = microseconds(lambda: [item for item in LONG if item["id"] >= 10], FEW) / 1_000  # type: ignore[operator]  # ids are numbers
    return [
        Row(
            "map over 9,000",
            "ms",
            microseconds(lambda: map_ids.value(variables), FEW) / 1_000,
            "a comprehension",
            bare_map,
            below=10,
        ),
        Row(
            "filter over 9,000",
            "ms",
            microseconds(lambda: kept.value(variables), FEW) / 1_000,
            "a comprehension",
            bare_filter,
        ),
    ]


def loading() -> list[Row]:
    """Once for each expression, when the file is read."""
    ours, theirs = environment(), library()
    rows = []
    for name, text in (("a filter", FILTERS["two exists"]), ("a transform", TRANSFORM)):
        figure = microseconds(compiling(ours, text), FEW)
        rows.append(
            Row(f"load {name}", "µs", figure, "the library's", microseconds(compiling(theirs, text), FEW))
        )
    return rows


def compiling(env: Any, text: str) -> Callable[[], object]:
    return lambda: env.compile(text)
