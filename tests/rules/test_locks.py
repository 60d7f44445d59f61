"""The locks hold what pyproject.toml asks for, whole and hashed, and say nothing of where it comes from."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
LINE = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)( ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n",
    re.MULTILINE,
)


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(lock: str) -> dict[str, str]:
    """Name → version."""
    return {found["name"]: found["version"] for found in LINE.finditer((ROOT / lock).read_text())}


def asked(lock: str) -> list[str]:
    """The requirements of pyproject.toml that a lock is made from."""
    project, groups = pyproject()["project"], pyproject()["dependency-groups"]
    extras = project["optional-dependencies"]
    runtime = project["dependencies"] + extras["crypto"] + extras["uvloop"]
    tools = [line for line in groups["dev"] if isinstance(line, str)]
    lists: dict[str, list[str]] = {
        "requirements.lock": runtime,
        "requirements-build.lock": groups["build"],
        "requirements-dev.lock": runtime + groups["build"] + tools,
    }
    return lists[lock]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_hashed_pin(lock: str) -> None:
    """Nothing else stands in a lock: no address, no index, no option, no unhashed line."""
    text = (ROOT / lock).read_text()
    assert LINE.sub("", text) == ""
    assert pinned(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_holds_what_is_asked_for(lock: str) -> None:
    """After a change of pyproject.toml somebody ran `make lock`."""
    versions = pinned(lock)
    for line in asked(lock):
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is not locked: make lock"
        assert versions[name] in requirement.specifier, f"{name} {versions[name]} is out of bounds: make lock"


def test_agree_with_each_other() -> None:
    """What is tested is what runs: one version of a package in all locks."""
    tested = pinned("requirements-dev.lock")
    for lock in LOCKS[:2]:
        assert pinned(lock).items() <= tested.items()


def test_builds_with_what_is_locked() -> None:
    """The build's own requirement is the one that the lock is made from."""
    assert pyproject()["build-system"]["requires"] == pyproject()["dependency-groups"]["build"]
