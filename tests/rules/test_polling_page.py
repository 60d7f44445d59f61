"""`docs/polling.md` and the presets tell the same, and what it shows can be copied."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relay.config.load import load
from relay.config.preset import FOLDER, presets
from relay.poll.open import open_polls

PAGE = (Path(__file__).parents[2] / "docs" / "polling.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
ROW = re.compile(r"^\| `([a-z-]+)`.*? \| (.*?) \| `(.*?)` \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


def test_the_table_has_every_preset() -> None:
    """A row each, by name: whose events, which api, which variables, and what its user has to say himself."""
    assert [row[:4] for row in ROW.findall(PAGE)] == list(_rows())
    lists = {name: own for name, _, _, _, own in ROW.findall(PAGE)}
    for name in presets():
        named = set(re.findall(r"each\.([a-z]+)", (FOLDER / f"{name}.toml").read_text()))
        assert all(f"{each} = [" in lists[name] for each in named)


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for name, file in presets().items():
        table: dict[str, Any] = next(file[kind][name] for kind in ("poll", "watch") if kind in file)
        source = f"`{table['source']}`" if "source" in table else "its name"
        gap = ", fills gaps" if "gap" in table else ""
        text = (FOLDER / f"{name}.toml").read_text()
        secrets = sorted(set(re.findall(r'env = "([A-Z_]+)"', text)))
        yield name, source + gap, f"api.{table['api']}", " ".join(f"`{secret}`" for secret in secrets)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_what_it_shows_loads(tmp_path: Path, block: str) -> None:
    """Each example is a config, and its expressions compile."""
    (tmp_path / "relay.toml").write_text(block)
    (tmp_path / "stripe.key").write_text("a-secret")
    environ = dict.fromkeys([*re.findall(r'env = "([A-Z_]+)"', block), "STRIPE_KEY"], "a-secret")
    assert open_polls(load(tmp_path / "relay.toml", environ=environ).config)[1] == []
