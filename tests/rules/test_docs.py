"""The documents speak of what is there."""

import re
from pathlib import Path

import pytest

from relay.cli.main import COMMANDS
from relay.metrics import Metrics

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_readme_is_short() -> None:
    """What is longer than 250 lines goes to docs/."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 250


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the project."""
    links = re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    """A test or a module that a page names is where the page says."""
    names = re.findall(r"`((?:tests|relay|systemd|bench)/[\w./-]+)`", page.read_text())
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    """Whoever reads the README meets each of them."""
    assert re.search(rf"relay {command}\b", (ROOT / "README.md").read_text())


def test_every_metric_that_is_documented_exists() -> None:
    """An alert that is copied from the README has something to look at."""
    text = Metrics().text().decode()
    named = re.findall(r"`[^`]*?(relay_\w+)", (ROOT / "README.md").read_text())
    assert [name for name in named if name.removesuffix("_total") not in text] == []


def test_no_page_cites_a_line() -> None:
    """Line numbers are wrong the day after; names can be searched for."""
    cited = [(page.name, found) for page in PAGES for found in re.findall(r"\w+\.py:\d+", page.read_text())]
    assert cited == []
