"""README's table of the providers and the presets tell the same."""

import re
from pathlib import Path

from relay.receive.providers.preset import presets

README = Path(__file__).parents[2] / "README.md"
ROW = re.compile(r"^\| `[\w-]+` \| .* \| `relay providers [\w-]+` \|$", re.MULTILINE)


def test_the_table_of_the_readme_is_that_of_the_presets() -> None:
    """A row each, by name: what it is called, what it needs, and the command that tells."""
    rows = [
        f"| `{name}` | {preset.title} | {preset.needs} | `relay providers {name}` |"
        for name, preset in sorted(presets(), key=lambda each: each[0])
    ]
    assert ROW.findall(README.read_text()) == rows
