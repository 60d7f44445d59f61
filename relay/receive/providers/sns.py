"""AWS SNS: proof, id and type all stand in the body, which is called plain text."""

from dataclasses import replace

import orjson
from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.providers.in_body import ProvenInBody
from relay.receive.providers.protocol import Sample
from relay.receive.verify.extra import crypto
from relay.receive.verify.proof import Anyone, Proof


class Sns(ProvenInBody):
    """`provider = "sns"`."""

    @override
    def prove(self, source: SourceConfig, _public_url: str | None, faults: Faults) -> Proof:
        if not source.topic_arn:
            faults.add("topic_arn", "is missing", 'topic_arn = "arn:aws:sns:REGION:ACCOUNT:TOPIC"')
        if not crypto(source, faults):
            return Anyone()
        from relay.receive.verify.sns import sns_signature  # noqa: PLC0415  needs the extra

        return sns_signature(source.topic_arn, source.trust, faults)

    @override
    def _proven(self, sample: Sample, now: int) -> Sample:
        return replace(sample, body=orjson.dumps(self.proof.fill(orjson.loads(sample.body), now)))
