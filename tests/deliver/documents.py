"""JSON as senders may write it, for properties."""

import json

from hypothesis import strategies as st

WHITE = st.text(alphabet=" \t\r\n", max_size=3)
DIGITS = "+-.0123456789eE"
NUMBER = r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
NUMBERS = st.from_regex(NUMBER, fullmatch=True, alphabet=DIGITS)
STRINGS = st.builds(lambda text, plain: json.dumps(text, ensure_ascii=plain), st.text(), st.booleans())
SCALARS = st.sampled_from(["null", "true", "false"]) | NUMBERS | STRINGS


def spaced(white: str, *pieces: str) -> str:
    return white.join(["", *pieces, ""])


def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda white, items: spaced(white, "[", f"{white},{white}".join(items), "]"), WHITE, st.lists(inner)
    )


def maps(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.lists(st.tuples(STRINGS, inner))
    return st.builds(
        lambda white, items: spaced(
            white, "{", f"{white},{white}".join(f"{name}{white}:{white}{value}" for name, value in items), "}"
        ),
        WHITE,
        members,
    )


DOCUMENTS = st.recursive(SCALARS, lambda inner: lists(inner) | maps(inner), max_leaves=20)
"""JSON texts with all that a sender may write: white space anywhere, repeated keys, numbers of any size."""
