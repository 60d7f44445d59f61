"""A config file in a folder of its own, and what relay says of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from relay.config.load import Loaded, load
from relay.errors import ConfigError

Reads = Callable[..., Loaded]
Tells = Callable[..., list[str]]


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    """Load a text as a file; its environment is what is given by name, and nothing else."""

    def read(text: str, *, checking: bool = False, **environ: str) -> Loaded:
        file = tmp_path / "relay.toml"
        file.write_text(text)
        return load(file, checking=checking, environ=environ)

    return read


@pytest.fixture
def tells(reads: Reads, tmp_path: Path) -> Tells:
    """What is wrong with a text, line by line as it is printed, the file being `F` and its folder `DIR`."""

    def tell(text: str, *, checking: bool = False, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            reads(text, checking=checking, **environ)
        told = str(caught.value).replace(str(tmp_path / "relay.toml"), "F").replace(str(tmp_path), "DIR")
        return told.split("\n")

    return tell
