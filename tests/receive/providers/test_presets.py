"""Presets as data: what each file says is so, and what it prints can be pasted."""

import pytest

from relay.clock import SystemClock
from relay.receive.providers.known import IN_CODE
from relay.receive.providers.preset import preset, presets
from relay.receive.providers.protocol import Identity, Part, Request
from tests.receive.providers.pasted import NAMES, THEIRS, pasted, provider


def test_the_schema_and_the_folder_name_the_same() -> None:
    """Each name that the file takes is a preset, and each preset a name that it takes."""
    assert {name for name, _ in presets()} == set(NAMES)
    assert set(IN_CODE) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_prints_can_be_pasted(name: str) -> None:
    """Its lines are a source of that provider, of about ten lines with what to enter there."""
    text = preset(name).setup
    assert pasted(name)["provider"] == name
    provider(name)
    lines = text.config.strip().splitlines() + text.enter.strip().splitlines()
    assert 5 <= len(lines) <= 16
    assert max(map(len, lines)) <= 120
    assert "{url}" in text.enter


@pytest.mark.parametrize("name", NAMES)
def test_its_samples_are_what_it_sends(name: str) -> None:
    """Each signs, verifies, and is an event of the type that it says; no two have one id."""
    if name in THEIRS:
        pytest.skip("only its sender can sign")
    source, now = provider(name), SystemClock().now()
    keys = set()
    samples = [*source.samples(), *source.samples()]
    for sample in samples:
        request = Request("POST", "/in/shop", sample.query, source.sign(sample, now), sample.body)
        assert source.verify(request, now) is None, sample.type
        found = source.identify(request)
        parts = found if isinstance(found, tuple) else (found,)
        for part in parts:
            identity = part.identity if isinstance(part, Part) else part
            assert isinstance(identity, Identity), (sample.type, identity)
            assert (identity.type or "shop") == sample.type
            keys.add(identity.key)
    if None not in keys:
        assert len(keys) >= len(samples)
