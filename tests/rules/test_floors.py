"""Imports look down: who may know whom, read from the source itself."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FLOORS = (
    ("relay",),
    (
        "errors",
        "attribute",
        "bucket",
        "clock",
        "expression",
        "form",
        "log",
        "mac",
        "metrics",
        "moment",
        "process",
        "systemd",
        "template",
        "text",
    ),
    ("event", "view", "seen", "route", "plan", "target", "delivery", "alert", "signs"),
    ("config",),
    ("http", "listener"),
    ("store",),
    ("accept", "alerts", "lookout"),
    ("receive", "poll", "deliver"),
    ("admin", "parts"),
    ("daemon",),
    ("cli",),
    ("__main__",),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
STRANGERS = {"receive", "poll", "deliver"}
"""They meet in the store, and never know of each other."""

FAMILIES = {
    "relay.store.sqlite": {"relay.store.open"},
    "relay.receive.providers": {"relay.receive.providers.known"},
    "relay.deliver.targets": {"relay.deliver.targets.open"},
}
"""A folder of implementations, and the only module outside of it, or in its door, that lists them."""
DOORS = {"protocol", "known", "open", "preset", "sample"}
"""What anybody may import of such a folder."""


def modules() -> dict[str, Path]:
    paths = sorted((ROOT / "relay").rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


def imports(path: Path, known: set[str]) -> set[str]:
    """The modules of relay that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known or f"{inner}.__init__" in known else str(node.module))
    return {name for name in found if name.split(".")[0] == "relay"}


GRAPH = {name: imports(path, set(modules())) for name, path in modules().items()}
EDGES = [(name, imported) for name, found in GRAPH.items() for imported in sorted(found)]


def part(name: str) -> str:
    """`relay.store.open` is of the part `store`."""
    pieces = [piece for piece in name.split(".") if piece != "__init__"]
    return pieces[1] if len(pieces) > 1 else pieces[0]


def test_every_part_stands_on_a_floor() -> None:
    """A new part is given its floor here before anything else."""
    assert {part(name) for name in GRAPH} <= set(FLOOR)


def test_imports_look_down() -> None:
    """A part knows only of parts below it, of its own, and of nouns beside it."""
    up = [edge for edge in EDGES if FLOOR[part(edge[0])] < FLOOR[part(edge[1])]]
    assert up == []


def test_receiving_polling_and_delivering_never_meet() -> None:
    """They meet in the store: neither imports another."""
    strangers = [
        (name, imported)
        for name, imported in EDGES
        if {part(name), part(imported)} <= STRANGERS and part(name) != part(imported)
    ]
    assert strangers == []


@pytest.mark.parametrize("folder", FAMILIES)
def test_only_one_module_lists_implementations(folder: str) -> None:
    """Outside of its folder an implementation is known to one module only, and its protocol knows none."""

    def implements(name: str) -> bool:
        return name.startswith(f"{folder}.") and name.rpartition(".")[2] not in DOORS

    intruders = [
        (name, imported)
        for name, imported in EDGES
        if implements(imported) and not implements(name) and name not in FAMILIES[folder]
    ]
    assert intruders == []


def test_there_is_no_cycle() -> None:
    """Every module can be read after all that it imports."""
    tuple(TopologicalSorter(GRAPH).static_order())


def test_packages_are_empty_but_the_root() -> None:
    """What a package holds is found in the file of its name, not in an `__init__.py`."""
    full = [name for name, path in modules().items() if path.name == "__init__.py" and path.stat().st_size]
    assert full == ["relay.__init__"]
