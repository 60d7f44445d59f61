"""A sender that relay knows by name: the words of its preset, and what its requests always have."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
from typing_extensions import override

from relay.clock import SystemClock
from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.names import names
from relay.receive.providers.declared import NAMELESS, Declared
from relay.receive.providers.preset import Preset, merged, preset
from relay.receive.providers.protocol import Identity, Part, Rejected, Request, Sample
from relay.receive.providers.sample import fresh
from relay.view import ABSENT


class Named(Declared):
    """`provider = "NAME"`, for every preset that is data; the others begin here."""

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        assert source.provider is not None
        self.preset: Preset = preset(source.provider)
        super().__init__(name, merged(source, self.preset.source), public_url, faults)
        self._known = names(self.preset.source, faults)
        self.loops |= self._known.loops
        self._needed = [[name.lower() for name in group] for group in self.preset.headers]

    @override
    def identify(self, request: Request) -> Identity | Rejected | tuple[Part, ...]:
        """The user's own names go before the preset's."""
        if refused := self.unusable(request):
            return refused
        own = self.known(request)
        if self._known:
            own = self._known.of(request, own)
        if self.preset.keyed and own.key is None:
            return Rejected(400, "no id in its body")
        return self.names.of(request, own) if self.names else own

    def known(self, _request: Request) -> Identity:
        """What is known without the words."""
        return NAMELESS

    def unusable(self, request: Request) -> Rejected | None:
        """What this sender's requests always have, and `request` has not."""
        if not request.body and not self.preset.empty:
            return Rejected(400, "an empty body")
        fields = request.fields
        for group in self._needed:
            for name in group:
                if fields.get(name):
                    break
            else:
                return Rejected(400, f"no {group[0]} header")
        if self.preset.json_body and request.json is ABSENT:
            return Rejected(400, "its body is no JSON")
        return None

    @override
    def samples(self) -> Sequence[Sample]:
        now = SystemClock().now()  # a sample is of the moment it is made at; it is given no other clock
        return [self._proven(fresh(table, now), now) for table in self.preset.sample]

    def _proven(self, sample: Sample, now: int) -> Sample:
        """With what of the proof stands in the body."""
        if sample.content_type != "application/json" or not self.proof.fills:
            return sample
        return replace(sample, body=orjson.dumps(self.proof.fill(orjson.loads(sample.body), now)))
