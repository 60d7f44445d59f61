"""Strangers' words are shown without our secrets."""

from relay.config.secret import Secret
from relay.http.mask import SHOWN, masked


def test_a_secret_in_every_spelling() -> None:
    """As it is, and percent-encoded as in a URL or a form."""
    assert masked("a s/e +c b s%2Fe%20%2Bc c s%2Fe+%2Bc", [Secret("s/e +c")]) == "a *** b *** c ***"


def test_the_longer_secret_first() -> None:
    """A secret within another leaves no rest of that one."""
    assert masked("secret-more", [Secret("secret"), Secret("secret-more")]) == "***"


def test_fit_for_a_line() -> None:
    """No control characters, no end of it; a secret across the cut is gone before."""
    assert masked("a\nb\x1b", []) == "a\ufffdb\ufffd"
    assert masked("x" * (SHOWN - 3) + "secret", [Secret("secret")]) == "x" * (SHOWN - 3) + "***"
    assert len(masked("x" * 1000, [])) == SHOWN + 1


def test_short_ones_do_not_blot_out_the_text() -> None:
    """A secret of a letter or two is no secret, and would leave nothing to read."""
    assert masked("answered 500", [Secret("e"), Secret("")]) == "answered 500"
