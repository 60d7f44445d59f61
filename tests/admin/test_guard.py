"""Who may call, and that whatever comes is answered, as JSON, and never with a 500."""

import io
import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.errors import StoreUnavailable
from tests.admin.conftest import TOKEN, Call, Client
from tests.admin.running import Here

CALLS = [
    "GET events",
    "GET events/x",
    "POST events/x/replay",
    "POST replay",
    "POST discard",
    "GET sources",
    "GET routes",
    "GET targets",
    "POST targets/billing/pause",
    "POST targets/billing/resume",
    "GET audit",
    "POST reload",
]


@pytest.mark.parametrize("line", [*CALLS, "GET nothing-of-the-kind"])
@pytest.mark.parametrize(
    "shown", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN} ", "Bearer ä"]
)
async def test_without_the_token_nothing_is_said(client: Client, line: str, shown: str | None) -> None:
    """Not even what there is: 401, and how to authenticate."""
    method, path = line.split()
    headers = {} if shown is None else {"Authorization": shown}
    async with client.request(method, f"/api/v1/{path}", headers=headers) as response:
        if shown == f"Bearer {TOKEN} ":  # white space around a header's value is no part of it
            assert response.status != 401
            return
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert (await response.json()).keys() == {"error", "hint"}


async def test_an_unknown_path_is_404_with_what_was_meant(call: Call, client: Client) -> None:
    """As JSON, like every refusal."""
    status, document = await call("GET event")
    assert (status, document["hint"]) == (404, 'did you mean "/api/v1/events"?')
    async with client.get("/", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
        assert (response.status, response.content_type) == (404, "application/json")


@pytest.mark.parametrize("line", CALLS)
async def test_a_wrong_method_is_405_with_the_right_one(call: Call, line: str) -> None:
    """As JSON."""
    right, path = line.split()
    status, document = await call(f"DELETE {path}")
    assert (status, right in document["hint"]) == (405, True)


@pytest.mark.parametrize(
    ("line", "name"),
    [("GET events", "find"), ("GET events/x", "show"), ("GET audit", "audit"), ("POST replay", "replay")],
)
@pytest.mark.parametrize(
    "error", [StoreUnavailable("the disk is full"), sqlite3.OperationalError("disk I/O")]
)
async def test_a_store_that_fails_is_503(
    client: Client, here: Here, monkeypatch: pytest.MonkeyPatch, line: str, name: str, error: Exception
) -> None:
    """Our own fault: come again."""

    async def fail(*_args: Any, **_kw: Any) -> None:
        raise error

    monkeypatch.setattr(here.store, name, fail)
    method, path = line.split()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    fields = {"source": "shop"} if method == "POST" else None
    async with client.request(method, f"/api/v1/{path}", headers=headers, json=fields) as response:
        assert (response.status, "Retry-After" in response.headers) == (503, True)
        assert (await response.json()).keys() == {"error", "hint"}


async def test_a_huge_body_is_413(call: Call) -> None:
    """More than a megabyte of filters is none."""
    status, document = await call("POST replay", raw=io.BytesIO(b"x" * (2 << 20)))
    assert (status, document.keys()) == (413, {"error", "hint"})


async def test_a_body_that_lies_about_its_coding_is_400(client: Client) -> None:
    """What cannot be inflated is no JSON."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Encoding": "gzip"}
    async with client.post("/api/v1/replay", headers=headers, data=b"no gzip") as response:
        assert response.status == 400


NAMES = st.sampled_from(
    ["source", "type", "state", "target", "route", "key", "since", "until", "limit", "cursor", "x"]
)
VALUES = st.text(max_size=30) | st.sampled_from(
    ["2h", "9" * 400, "0000-00-00", "0001-01-01T00:00:00+23:59", "\0"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(parameters=st.lists(st.tuples(NAMES, VALUES), max_size=3))
async def test_no_parameters_make_a_500(client: Client, parameters: list[tuple[str, str]]) -> None:
    """Found or refused."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with client.get("/api/v1/events", params=parameters, headers=headers) as response:
        assert response.status in {200, 400}


@FEW
@given(path=st.sampled_from(["replay", "discard"]), fields=st.dictionaries(NAMES, JSON, max_size=3) | JSON)
async def test_no_fields_make_a_500(client: Client, path: str, fields: Any) -> None:
    """Done or refused."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with client.post(f"/api/v1/{path}", json=fields, headers=headers) as response:
        assert response.status in {200, 202, 400, 404}


@FEW
@given(name=st.text(min_size=1, max_size=40))
async def test_no_name_makes_a_500(client: Client, name: str) -> None:
    """There is no such event, target or call."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for method, path in (("GET", f"events/{name}"), ("POST", f"targets/{name}/pause")):
        async with client.request(method, f"/api/v1/{path}", headers=headers) as response:
            assert response.status in {404, 405, 400}
