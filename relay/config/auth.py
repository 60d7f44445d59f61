"""How relay proves itself to others: the words of `auth`, of an api as of a target."""

import re
from ipaddress import ip_address
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, ValidationInfo
from pydantic import StrictStr as Str

from relay.config.header import RequestHeader
from relay.config.secret import HINT, Secret, read
from relay.config.table import Table
from relay.config.types import fault

STAND_IN_URL: Final = "http://missing.invalid/"
"""The url whose credential is not there (in `relay check` only)."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HTTP_URL: Final = re.compile(
    r"https?://(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(?:[/?#][^\x00-\x20\x7f]*)?",
    re.IGNORECASE,
)


def _word(value: object, info: ValidationInfo) -> str | Secret:
    """A text as it stands, or a secret."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict | Secret):
        raise fault("is no text", f"a text, or {HINT}")
    return read(value, info)


Word = Annotated[str | Secret, PlainValidator(_word, json_schema_input_type=Secret), PlainSerializer(str)]
"""A text, or a Secret where the file says so: plain text is nothing to warn of here."""


def revealed(word: str | Secret) -> str:
    """What a word says: for sending, never for printing."""
    return word.reveal() if isinstance(word, Secret) else word


def _one_line(word: str | Secret) -> str | Secret:
    if _CONTROL.search(revealed(word)):
        raise fault("cannot stand in a header", "it holds a control character")
    return word


HeaderWord = Annotated[Word, AfterValidator(_one_line)]
HeaderSecret = Annotated[Secret, AfterValidator(_one_line)]


def http_url(value: object, info: ValidationInfo) -> str | Secret:
    """http(s)://…, or a secret that is one. No error shows any of it."""
    word = _word(value, info)
    if isinstance(word, Secret) and word.missing:
        return Secret(STAND_IN_URL, missing=True)
    text = revealed(word)
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise fault("holds a login", 'auth = { type = "basic", user = "…", password = … }')
    if not is_http(text):
        raise fault("is no http url", 'such as "https://api.example.com/v1"')
    return word


def is_http(text: str) -> bool:
    """Whether a text is an http(s) url without a login; a name beyond ASCII is written as `xn--…`."""
    found = _HTTP_URL.fullmatch(text)
    if found is None or (found[2] is not None and not 0 < int(found[2]) <= 65535):
        return False
    try:
        return found[1] is None or ip_address(found[1]).version == 6
    except ValueError:
        return False


HttpUrl = Annotated[
    str | Secret, PlainValidator(http_url, json_schema_input_type=Secret), PlainSerializer(str)
]


class BearerAuth(Table):
    """`Authorization: Bearer TOKEN`."""

    type: Literal["bearer"] = "bearer"
    token: HeaderSecret
    """As the provider gave it, without the word Bearer."""


class BasicAuth(Table):
    """`Authorization: Basic`."""

    type: Literal["basic"] = "basic"
    user: Word
    """The login's name: often an e-mail address, or the key itself."""
    password: Secret
    """The login's password, or a token in its place."""


class HeaderAuth(Table):
    """A header of the provider's own, such as `X-Api-Key`."""

    type: Literal["header"] = "header"
    name: RequestHeader
    """The header's name."""
    value: HeaderSecret
    """All that stands in it."""


class QueryAuth(Table):
    """A parameter of the url, such as `api_key`."""

    type: Literal["query"] = "query"
    name: Annotated[Str, Field(min_length=1)]
    """The parameter's name."""
    value: Secret
    """The parameter's value; it is percent-encoded."""


class OAuth2Auth(Table):
    """OAuth2 without a person: a token is fetched with the client's own credentials, and renewed in time."""

    type: Literal["oauth2"] = "oauth2"
    token_url: HttpUrl
    """Where tokens are had, by POST."""
    client_id: Word
    """By which the provider knows this client."""
    client_secret: Secret
    """Its password."""
    send: Literal["basic", "body"] = "basic"
    """How id and secret go to the token's url: as Basic login, or as fields of the form."""
    form: dict[Str, Word] = Field(default={})
    """Further fields of the form, such as scope or audience; its grant_type is client_credentials unless it
    stands here."""


Auth = BearerAuth | BasicAuth | HeaderAuth | QueryAuth | OAuth2Auth
TYPES: Final = ("bearer", "basic", "header", "query", "oauth2")
