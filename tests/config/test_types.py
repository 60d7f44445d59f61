"""Durations, sizes, rates, listeners, networks, names: what text means, and what is refused."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from relay.config import types
from relay.config.types import BYTES, SECONDS, Listen, Place, parse_duration, parse_rate, parse_size


def read(type_: Any, value: object) -> Any:
    """As a file's value is read."""
    return TypeAdapter(type_).validate_python(value, context=Place(Path("/etc/relay"), environ={}))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("7d", 604800.0),
        ("0s", 0.0),
        ("1.5s", 1.5),
    ],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    """Each unit means what people think it means."""
    assert parse_duration(text) == seconds


@given(st.integers(0, 36_499), st.sampled_from(sorted(SECONDS)))
def test_every_whole_duration_is_exact(number: int, unit: str) -> None:
    """A whole number of any unit comes out as that many microseconds, not one more or less."""
    micros = {"ms": 1_000, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
    assert round(parse_duration(f"{number}{unit}") * 1_000_000) == number * micros[unit]


@given(st.integers(0, 999_999), st.sampled_from(sorted(BYTES)))
def test_every_size_is_exact(number: int, unit: str) -> None:
    """A size is that many bytes: KiB by 1024, KB by 1000."""
    step = 1024 if "i" in unit else 1000
    assert parse_size(f"{number}{unit}") == number * step ** "BKMGT".index(unit[0])


@given(st.integers(1, 999_999_999), st.sampled_from("smhd"))
def test_a_rate_is_a_number_a_second(number: int, unit: str) -> None:
    """As many in the unit's time as were written."""
    assert parse_rate(f"{number}/{unit}") * SECONDS[unit] == pytest.approx(number)


@pytest.mark.parametrize("parse", [parse_duration, parse_size, parse_rate])
@given(text=st.text(max_size=20))
def test_any_text_is_read_or_refused(parse: Any, text: str) -> None:
    """No text makes a parser fail in a way of its own, and what it takes has no sign."""
    try:
        value = parse(text)
    except PydanticCustomError:
        return
    assert value >= 0


@pytest.mark.parametrize("text", ["", "5", "5 s", "-5s", "5S", "1h30m", "٣s", "1e3s", "5s\n", "99999999d"])
def test_what_is_no_duration(text: str) -> None:
    """Signs, spaces, other digits, joined units and a thousand centuries are refused."""
    with pytest.raises(PydanticCustomError):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "10", "10 MiB", "10M", "10mib", "-1B", "1.5GiB", "1000000KB"])
def test_what_is_no_size(text: str) -> None:
    """A size has a unit, written as standards write it."""
    with pytest.raises(PydanticCustomError):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "50", "50/ms", "0/s", "-1/s", "50 /s", "1.5/s"])
def test_what_is_no_rate(text: str) -> None:
    """A rate of nothing is refused too: nothing would ever be delivered."""
    with pytest.raises(PydanticCustomError):
        parse_rate(text)


@pytest.mark.parametrize("type_", [types.Duration, types.Size, types.Rate])
@pytest.mark.parametrize("value", [30, 0.5, True, None, [], {}])
def test_a_file_gives_no_bare_numbers(type_: Any, value: object) -> None:
    """`timeout = 30` could be seconds or milliseconds, so it is neither."""
    with pytest.raises(ValidationError, match="is text"):
        read(type_, value)


def test_code_gives_bare_numbers() -> None:
    """Without a file, a duration is seconds, a size bytes."""
    assert TypeAdapter(types.Duration).validate_python(0.25) == 0.25
    assert TypeAdapter(types.Size).validate_python(64) == 64


@pytest.mark.parametrize("value", ["0s", "0ms"])
def test_a_timeout_is_more_than_nothing(value: str) -> None:
    """A timeout of nothing would fail every time."""
    with pytest.raises(ValidationError, match="more than nothing"):
        read(types.PositiveDuration, value)


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:8080", Listen("127.0.0.1", 8080)),
        ("[::1]:8080", Listen("::1", 8080)),
        ("localhost:0", Listen("localhost", 0)),
        ("unix:/run/relay/http.sock", Listen(path=Path("/run/relay/http.sock"))),
        ("unix:http.sock", Listen(path=Path("/etc/relay/http.sock"))),
    ],
)
def test_where_to_listen(text: str, listen: Listen) -> None:
    """A host and port, IPv6 in brackets, or a socket; a relative one beside the file."""
    assert read(Listen, text) == listen


@given(st.ip_addresses(), st.integers(0, 65535))
def test_a_listener_prints_as_it_is_written(address: Any, port: int) -> None:
    """What a listener prints can be written in a file again."""
    listen = Listen(str(address), port)
    assert Listen.parse(str(listen)) == listen


@pytest.mark.parametrize(
    "value",
    ["8080", ":8080", "::1:8080", "a:65536", "a:b", "unix:", "unix:" + "x" * 200, "unix:\0", "", 8080],
)
def test_where_nobody_can_listen(value: object) -> None:
    """A port alone says not whether the world may come in; a socket's path fits the kernel."""
    with pytest.raises(ValidationError):
        read(Listen, value)


def test_networks() -> None:
    """Addresses and networks of both families."""
    assert read(types.Networks, ["10.0.0.0/8", "::1"]) == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def test_a_network_with_host_bits_is_a_slip() -> None:
    """`10.0.0.1/8` is refused, and the network it lies in is named."""
    with pytest.raises(ValidationError) as caught:
        read(types.Networks, ["10.0.0.1/8"])
    assert caught.value.errors()[0]["ctx"]["hint"] == 'did you mean "10.0.0.0/8"?'


@pytest.mark.parametrize("name", ["a", "9", "a-b_c", "a" * 80])
def test_names(name: str) -> None:
    """Lower-case letters, digits, `-` and `_`, up to 80."""
    assert read(types.Name, name) == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a.b", "a b", "ä", "a" * 81, "a\n"])
def test_no_names(name: str) -> None:
    """What would have to be quoted or encoded somewhere is no name."""
    with pytest.raises(ValidationError):
        read(types.Name, name)
