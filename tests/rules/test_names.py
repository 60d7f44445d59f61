"""Names that say what a thing is, and sizes that a reader can hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAYING_NOTHING = {"manager", "service", "factory", "helper", "util", "utils", "base", "common", "core"}
SAYING_NOTHING |= {"processor", "data", "info"}


def sources(*folders: str) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path


def nodes(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    for name, path in sources(*folders):
        for node in ast.walk(ast.parse(path.read_text())):
            yield name, node


def words(name: str) -> set[str]:
    """`StoreManager` and `store_manager` are both made of `store` and `manager`."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_names_say_what_a_thing_is() -> None:
    """No file and no class is named with a word that would fit any other as well."""
    files = [name for name, path in sources("relay", "bench") if words(path.stem) & SAYING_NOTHING]
    classes = [
        f"{name}: {node.name}"
        for name, node in nodes("relay", "bench")
        if isinstance(node, ast.ClassDef) and words(node.name) & SAYING_NOTHING
    ]
    assert files + classes == []


def test_files_and_functions_can_be_held_in_mind() -> None:
    """No file is over 300 lines, no function over 60."""
    files = [name for name, path in sources("relay", "bench", "tests") if path.read_text().count("\n") > 300]
    functions = [
        f"{name}: {node.name}"
        for name, node in nodes("relay", "bench", "tests")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= 60
    ]
    assert files + functions == []


def test_tests_never_sleep() -> None:
    """They wait for what they wait for; only those of `tests/faults` live in real time."""
    sleeps = [
        f"{name}:{node.lineno}"
        for name, node in nodes("tests")
        if not name.startswith("tests/faults/")
        and (
            (isinstance(node, ast.Attribute) and ast.unparse(node) in {"asyncio.sleep", "time.sleep"})
            or (isinstance(node, ast.ImportFrom) and "sleep" in {alias.name for alias in node.names})
        )
    ]
    assert sleeps == []


def test_every_test_states_its_promise() -> None:
    """Each test has a docstring, and its first line is the promise."""
    silent = [
        f"{name}: {node.name}"
        for name, node in nodes("tests")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
