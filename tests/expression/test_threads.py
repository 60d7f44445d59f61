"""Programs are used by many threads at once: the loop, and a thread for large bodies."""

from concurrent.futures import ThreadPoolExecutor

from relay.expression.environment import Environment
from relay.expression.frame import Frame


def test_threads_share_a_program_without_meeting() -> None:
    """Each evaluation sees its own variables, loops and bound names."""
    text = (
        "cel.bind(n, body.n, body.l.map(x, body.l.map(y, x * n + y)).filter(z, z.exists(w, w % 2 == n % 2)))"
    )
    program = Environment({"body": "dyn"}).compile(text)
    bodies = [{"n": number, "l": list(range(number % 40 + 1))} for number in range(200)]
    alone = [program.value({"body": body}) for body in bodies]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda body: program.value({"body": body}), bodies * 3))
    assert together == alone * 3


def test_a_program_holds_no_state() -> None:
    """All that changes while it runs is its frame, which is made for one evaluation."""
    program = Environment({"body": "dyn"}).compile("body.map(x, cel.bind(y, x, y))")
    before = dict(vars(program))
    program.value({"body": [1, 2]})
    assert vars(program) == before
    assert Frame({}, 2).slots is not Frame({}, 2).slots
