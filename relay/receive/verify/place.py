"""Places in a JSON document: `a.b.0`, found and filled."""

from collections.abc import Sequence
from typing import Any, Final

from relay.view import ABSENT

Steps = tuple[str | int, ...]
"""A name, or a number: of a list its index. A name of digits is an index where it meets a list."""

EVERY: Final = "*"
"""The step that stands for all elements of a list."""

_INDEX_DIGITS: Final = 4


def parse(text: str) -> Steps | None:
    """The steps of `a.b.0`; None if one of them is empty."""
    steps = tuple(text.split("."))
    return steps if all(steps) else None


def find(node: Any, steps: Sequence[str | int]) -> Any:
    """What stands there; ABSENT if nothing does."""
    for step in steps:
        node = _child(node, step)
    return node


def find_all(node: Any, steps: Sequence[str | int]) -> list[Any]:
    """What stands at each place that `*` opens; ABSENT for one where nothing does."""
    nodes = [node]
    for step in steps:
        if step == EVERY:
            nodes = [child for node in nodes for child in _elements(node)]
        else:
            nodes = [_child(node, step) for node in nodes]
    return nodes


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(step, ABSENT)
    if isinstance(node, list):
        index = _index(step)
        return node[index] if index is not None and index < len(node) else ABSENT
    return ABSENT


def _elements(node: Any) -> list[Any]:
    """A list's own; an empty one, and what is no list, counts as one element that is missing."""
    return node if isinstance(node, list) and node else [ABSENT]


def _index(step: str | int) -> int | None:
    if isinstance(step, int):
        return step
    return int(step) if step.isascii() and step.isdigit() and len(step) <= _INDEX_DIGITS else None


def text_at(document: Any, steps: Steps) -> str | None:
    """The string there, or the whole number as decimal; None for all else."""
    value = find(document, steps)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def plant(node: Any, steps: Sequence[str | int], value: Any) -> Any:
    """`node` with `value` at the place, lists and maps on the way made where they are missing."""
    if not steps:
        return value
    step, *rest = steps
    index = 0 if step == EVERY else _index(step)
    if index is None or isinstance(node, dict):
        return _plant_in_map(node, step, rest, value)
    return _plant_in_list(node, index, rest, value)


def _plant_in_map(node: Any, name: str | int, rest: Sequence[str | int], value: Any) -> dict[Any, Any]:
    fields = dict(node) if isinstance(node, dict) else {}
    fields[str(name)] = plant(fields.get(str(name)), rest, value)
    return fields


def _plant_in_list(node: Any, index: int, rest: Sequence[str | int], value: Any) -> list[Any]:
    elements = list(node) if isinstance(node, list) else []
    elements += [None] * (index + 1 - len(elements))
    elements[index] = plant(elements[index], rest, value)
    return elements
