"""The wire format of protocol buffers, as far as a checked expression needs it (protobuf.dev, "Encoding")."""

import struct
from collections.abc import Iterator
from typing import Any

Fields = dict[int, list[Any]]
"""Field number → its values in order: an int of a varint, else bytes."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read(message: bytes) -> Fields:
    """The fields of one message."""
    fields: Fields = {}
    for number, value in _fields(message):
        fields.setdefault(number, []).append(value)
    return fields


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}[kind]
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def text(fields: Fields, number: int) -> str:
    """A string field; empty where it is not there."""
    return bytes(fields[number][0]).decode() if number in fields else ""


def signed(value: int) -> int:
    """An int64 of its varint."""
    return value - (1 << 64) if value >> 63 else value


def double(value: bytes) -> float:
    """A double of its eight bytes."""
    return float(struct.unpack("<d", value)[0])


def packed(fields: Fields, number: int) -> list[int]:
    """A repeated number, packed or not."""
    numbers: list[int] = []
    for value in fields.get(number, ()):
        if isinstance(value, int):
            numbers.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            numbers.append(one)
    return numbers


def pairs(fields: Fields, number: int) -> dict[int, Any]:
    """A map field with numbers as keys."""
    entries = map(read, fields.get(number, ()))
    return {entry.get(1, [0])[0]: entry.get(2, [0])[0] for entry in entries}
