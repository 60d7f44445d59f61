"""Bodies of answers: read and inflated within a limit, whatever they claim."""

import gzip
import zlib

import pytest

from relay.http.body import PIECE, BadBody, Inflater

TEXT = b"all that was asked for, " * 40_000
ZIPPED = gzip.compress(TEXT, mtime=0)


def inflate(wire: bytes, limit: int = 1 << 22, chunk: int = 1 << 16, *, by_gzip: bool = True) -> bytes:
    inflater = Inflater(limit, gzip=by_gzip)
    for start in range(0, len(wire), chunk):
        for _ in inflater.feed(wire[start : start + chunk]):
            pass
    return inflater.end()


def bare(content: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(content) + deflate.flush()


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, len(TEXT)])
def test_inflated(size: int, chunk: int) -> None:
    """gzip, and deflate in both its readings, in pieces of any size."""
    content = TEXT[:size]
    assert inflate(gzip.compress(content), chunk=chunk) == content
    assert inflate(zlib.compress(content), chunk=chunk, by_gzip=False) == content
    assert inflate(bare(content), chunk=chunk, by_gzip=False) == content


def test_no_body_at_all() -> None:
    """An answer without a body is not broken for want of one."""
    assert Inflater(10, gzip=True).end() == b""


def test_a_bomb() -> None:
    """A body that swells beyond the limit is given up there, a bounded step at a time."""
    bomb = gzip.compress(bytes(1 << 23))
    inflater, steps = Inflater(4 * PIECE, gzip=True), 0
    with pytest.raises(BadBody, match="larger") as caught:
        for _ in inflater.feed(bomb):
            steps += 1
    assert not caught.value.again
    assert steps == 4


def test_too_much_on_the_wire() -> None:
    """What comes is counted too: empty blocks inflate to nothing, for ever."""
    empty = b"\x00\x00\x00\xff\xff"
    with pytest.raises(BadBody, match="larger"):
        inflate(empty * 100, limit=400, chunk=50, by_gzip=False)


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (ZIPPED[:-1], "cut short"),
        (ZIPPED[:5], "cut short"),
        (ZIPPED + b"x", "behind its end"),
        (ZIPPED[:-8] + bytes(8), "broken"),
        (b"no gzip at all", "broken"),
    ],
    ids=["no end", "a head", "too long", "wrong sum", "none"],
)
def test_broken(wire: bytes, why: str) -> None:
    """A body that ends early or late, or is none: another try may bring a better one."""
    for chunk in (3, 1 << 16):
        with pytest.raises(BadBody, match=why) as caught:
            inflate(wire, chunk=chunk)
        assert caught.value.again
