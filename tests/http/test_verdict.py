"""What an answer means: by its status, by `check`, and where `check` knows nothing."""

from typing import Any

import orjson
import pytest

from relay.clock import SECOND
from relay.expression.errors import CompileError
from relay.http.response import Response
from relay.http.verdict import EXPRESSIONS, LONGEST_WAIT, Verdict, compile_check, judge, told_wait
from relay.view import ABSENT
from tests.clock import START

SLACK = """status != 200 || body.ok ? null
  : body.error == "ratelimited" ? "wait" : body.error == "invalid_cursor" ? "restart" : "fail\""""


def response(status: int = 200, body: bytes | object = b"", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(status, headers, content, "https://api.example.com/", START)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.OK),
        (204, Verdict.OK),
        (299, Verdict.OK),
        (304, Verdict.UNCHANGED),
        (302, Verdict.FAIL),
        (400, Verdict.FAIL),
        (401, Verdict.AUTH),
        (403, Verdict.FAIL),
        (404, Verdict.FAIL),
        (408, Verdict.FAIL),
        (429, Verdict.WAIT),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
        (599, Verdict.RETRY),
    ],
)
def test_by_status(status: int, verdict: Verdict) -> None:
    """Without `check` the status says it all."""
    assert judge(response(status), None) == (verdict, f"answered {status}")


def test_a_limit_that_answers_403() -> None:
    """A 403 whose quota is spent is a wait."""
    limit = response(403, **{"x-ratelimit-remaining": "0"})
    assert judge(limit, None)[0] is Verdict.WAIT


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, {"ok": True}, Verdict.OK),
        (200, {"ok": False, "error": "ratelimited"}, Verdict.WAIT),
        (200, {"ok": False, "error": "invalid_cursor"}, Verdict.RESTART),
        (200, {"ok": False, "error": "not_in_channel"}, Verdict.FAIL),
        (502, b"<html>", Verdict.RETRY),
        (200, b"<html>", Verdict.FAIL),
        (200, {}, Verdict.FAIL),
        (200, b'\xef\xbb\xbf{"ok": true}', Verdict.OK),
    ],
)
def test_check(status: int, body: Any, verdict: Verdict) -> None:
    """An error inside a 200 is one; where the body is no JSON, or misses a key, a 200 is no success."""
    assert judge(response(status, body), compile_check(SLACK))[0] is verdict


@pytest.mark.parametrize("word", ["ok", "wait", "retry", "auth", "restart", "fail"])
def test_the_words(word: str) -> None:
    """Each word of `check` outvotes the status."""
    program = EXPRESSIONS.compile(f'"{word}"')
    for status in (200, 404, 500):
        assert judge(response(status), program) == (Verdict(word), f"answered {status}, by check")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [({"error": "retry"}, Verdict.RETRY), ({"error": None}, Verdict.OK), ({}, Verdict.OK)],
)
def test_a_word_that_may_be_there(body: Any, verdict: Verdict) -> None:
    """An optional is what it holds, and where it holds nothing the status decides, as with null."""
    assert judge(response(200, body), EXPRESSIONS.compile("body.?error"))[0] is verdict


@pytest.mark.parametrize("text", ['"unchanged"', '"later"', "1", "true", "[]", '{"a": 1}', "headers.missing"])
def test_no_word(text: str) -> None:
    """What is no word, or no value, leaves errors to their status, and fails a success."""
    program = EXPRESSIONS.compile(text)
    assert [judge(response(status), program)[0] for status in (200, 304, 404, 429, 500)] == [
        Verdict.FAIL,
        Verdict.UNCHANGED,
        Verdict.FAIL,
        Verdict.WAIT,
        Verdict.RETRY,
    ]


def test_the_body_is_parsed_only_where_it_is_read() -> None:
    """A check that looks at the status alone costs no parsing."""
    whole = response(200, {"a": 1})
    judge(whole, EXPRESSIONS.compile('status == 200 ? "ok" : "fail"'))
    assert "json" not in vars(whole)


def test_what_is_no_json_is_null() -> None:
    """`check` may ask for it."""
    program = EXPRESSIONS.compile('body == null ? "retry" : "ok"')
    assert [judge(response(200, body), program)[0] for body in (b"<html>", b"{}")] == [
        Verdict.RETRY,
        Verdict.OK,
    ]


def test_json_of_a_body() -> None:
    """Exact integers, null as null, and a mark of its own for what is no JSON."""
    assert response(body=b"9007199254740993").json == 9007199254740993
    assert response(body=b"null").json is None
    assert response(body=b"").json is ABSENT
    assert response(body=b"[" * 5000).json is ABSENT


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ('duration("90s")', 90 * SECOND + 1),
        ('duration(string(body.cost / 2.0) + "s")', 3 * SECOND + 1),
        ('duration("1000h")', LONGEST_WAIT),
        ('optional.of(duration("90s"))', 90 * SECOND + 1),
        ('duration("0s")', None),
        ("optional.none()", None),
        ('duration("-1s")', None),
        ("90", None),
        ("null", None),
        ("body.missing", None),
    ],
)
def test_wait(text: str, wait: int | None) -> None:
    """A duration above nothing, at most a day; all else says nothing."""
    told = told_wait(response(200, {"cost": 6.0}), EXPRESSIONS.compile(text), START)
    assert told == (None if wait is None else START + wait)
    assert told_wait(response(), None, START) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('status == 200 ? null : "fail"', None),
        ('status == 200 ? "null" : null', "null"),
        (r"""status == 200 ? 'a\'null' : null""", "a'null"),
        (r"status == 200 ? r'\null' : null", r"\null"),
        ("status == 200 ? '''it's null''' : null", "it's null"),
        ('status == 200 ? get(body, "a.null", "x") : null', "x"),
        ('body == null ? "ok" : "fail"', "ok"),
    ],
)
def test_null_beside_a_word(text: str, value: object) -> None:
    """`?:` may give a word or null; what stands in quotes stays as it is."""
    assert compile_check(text).value({"status": 200, "headers": {}, "body": None}) == value


def test_what_is_wrong_is_told_as_written() -> None:
    """The problems are those of the text, at its own columns."""
    with pytest.raises(CompileError, match="1:23: undeclared reference to 'bdy'"):
        compile_check('null == null && true ?bdy : "x"')
