"""From a TOML file to a typed config, or to everything that is wrong with it."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from relay.config import preset, rules
from relay.config.faults import validate
from relay.config.locate import Lines
from relay.config.schema import Config
from relay.config.types import Place
from relay.errors import ConfigError, Problem

DEFAULT_FILE: Final = "/etc/relay/relay.toml"
_POSITION: Final = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config that can be used, and where its keys stand in the file."""

    config: Config
    warnings: tuple[Problem, ...]
    file: Path
    lines: Lines
    merged: preset.Merged

    def locate(self, path: str) -> int | None:
        """The line of a dotted path, else of the nearest table around it."""
        return self.lines.locate(path)

    def locate_problems(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """What a part found while it was built from its table, with lines, in the order of the file."""
        return self.merged.told(problems, self.lines)


class Unsound(ConfigError):
    """The file has problems; `config` is what is left without the keys at fault."""

    def __init__(
        self,
        file: str,
        problems: Sequence[Problem],
        config: Config,
        told: Callable[[Iterable[Problem]], tuple[Problem, ...]],
    ) -> None:
        super().__init__(file, problems)
        self.config = config
        self.told = told
        """What a part found while it was built from its table, with lines."""


def config_file(option: str | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The file to read: `-c`, else $RELAY_CONFIG, else /etc/relay/relay.toml."""
    return Path(option or environ.get("RELAY_CONFIG") or DEFAULT_FILE)


def load(path: str | Path, *, checking: bool = False, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Read the file at `path`; ConfigError with every problem in it.

    `checking`: as `relay check` does, where a missing systemd credential is only a warning.
    """
    file = Path(path)
    text = _read(file)
    raw, lines = _parse(file, text)
    merged = preset.merge(raw)
    config, problems = validate(merged.raw, Place(file.absolute().parent, checking, environ))
    problems += [*merged.problems, *rules.errors(config, merged.raw)]
    if problems:
        raise Unsound(str(file), merged.told(problems, lines), config, partial(merged.told, lines=lines))
    return Loaded(config, merged.told(rules.warnings(config), lines), file, lines, merged)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        _refuse(file, "there is no such file", "-c FILE or $RELAY_CONFIG names another")
    except UnicodeDecodeError as error:
        _refuse(file, "is not UTF-8 text", "", error.object.count(b"\n", 0, error.start) + 1)
    except OSError as error:
        _refuse(file, f"cannot be read: {error.strerror}", "relay's user must be able to read it")
    except ValueError:
        _refuse(file, "is no path of a file", "it holds a NUL")


def _parse(file: Path, text: str) -> tuple[dict[str, Any], Lines]:
    text = text.replace("\r\n", "\n")
    try:
        return tomllib.loads(text), Lines(text)
    except RecursionError:
        _refuse(file, "is nested too deep", "")
    except ValueError as error:  # TOMLDecodeError is one, and so is a number of over 4,300 digits
        _refuse(file, *_syntax(str(error), text))


def _syntax(message: str, text: str) -> tuple[str, str, int | None]:
    """What tomllib says, its place taken out of it: text, hint, line."""
    match = _POSITION.search(message)
    if match is None:
        return "a number in it is too long", "", None
    what = message[: match.start()]
    if match[1] is None:
        return f"no TOML: {what} at the end of the file", "", text.rstrip().count("\n") + 1
    return f"no TOML: {what}, at column {match[2]}", "", int(match[1])


def _refuse(file: Path, text: str, hint: str, line: int | None = None) -> NoReturn:
    raise ConfigError(str(file), [Problem("", text, hint, line=line)]) from None


def store_path(config: Config, file: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The store's file: relative to $STATE_DIRECTORY where systemd sets it, else to the config's folder."""
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state or file.absolute().parent) / config.store.url.removeprefix("sqlite:")
