"""Microsoft Graph: lists of changes, and the question it asks first."""

import orjson
import pytest

from relay.receive.examine import examine
from relay.receive.providers.protocol import Answer, Rejected
from tests.receive.providers.posting import NOW, identity, post, provider

SOURCE = provider(provider="microsoft-graph", secret="of the tests")


def changes(*elements: dict[str, str]) -> bytes:
    return orjson.dumps({"value": [{"clientState": "of the tests", **element} for element in elements]})


CREATED, UPDATED = {"changeType": "created"}, {"changeType": "updated"}
MISSED = {"lifecycleEvent": "missed"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (changes(CREATED), "created"),
        (changes(CREATED, CREATED), "created"),
        (changes(CREATED, UPDATED), None),
        (changes(MISSED, MISSED), "missed"),
        (changes(MISSED, CREATED), None),
        (changes({}), None),
        (changes(CREATED, {}), None),
    ],
)
def test_the_type_of_a_list_is_what_all_of_it_is(body: bytes, kind: str | None) -> None:
    """Else the source's name: a type that only the first has would mislead a route."""
    assert identity(SOURCE, post({}, body)).type == kind


def test_the_question_is_answered_and_nothing_else() -> None:
    """The token comes back decoded, as text; without one there is no handshake."""
    found = examine(SOURCE, post({}, query="validationToken=a%20b%2Bc+%C3%AB"), NOW)
    assert found == Answer("a b+c ë".encode())
    for query in ("", "validationToken=", "validationtoken=a"):
        refused = examine(SOURCE, post({}, query=query), NOW)
        assert isinstance(refused, Rejected), query
        assert refused.status == 400


def test_the_secret_stays_off_no_element() -> None:
    """One element without it, and nothing of the list is believed."""
    body = orjson.dumps({"value": [{"clientState": "of the tests"}, {"clientState": "of another"}]})
    found = examine(SOURCE, post({}, body), NOW)
    assert isinstance(found, Rejected)
    assert found.status == 401
