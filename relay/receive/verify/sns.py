"""AWS SNS: a signature in the body, by a key whose certificate the body names. Needs the extra `crypto`.

The facts: docs.aws.amazon.com, SNS developer guide, "Verifying the signatures of Amazon SNS messages".
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from relay.config.pem import Pem
from relay.receive.faults import Faults
from relay.receive.providers.protocol import Answer, Rejected, Request, Wanted
from relay.receive.verify.certificate import SigningCertificate, trust
from relay.receive.verify.certified import Certified
from relay.receive.verify.scheme import decoded
from relay.text import wire

HOST: Final = r"https://sns\.[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?(?::443)?/"
"""A region's own (us-gov-west-1): `sns.s3-us-west-2.amazonaws.com` is somebody's bucket."""
CERTIFICATE: Final = re.compile(HOST + r"[\w./~%+-]{0,400}\.pem", re.IGNORECASE | re.ASCII)
SUBSCRIBE: Final = re.compile(HOST + r"[!-~]{0,4000}", re.IGNORECASE)
"""All of it: nothing may stand before the host. Else whoever has a topic could have relay ask any server."""
ALGORITHMS: Final = {"1": "sha1", "2": "sha256"}
"""By SignatureVersion."""
NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED: Final = {
    "Notification": NOTIFICATION,
    "SubscriptionConfirmation": CONFIRMATION,
    "UnsubscribeConfirmation": CONFIRMATION,
}
"""What is signed of a message of each type, in this order."""
OWN_URL: Final = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-relay-send.pem"
"""Of `relay send`; never asked, for its certificate stands in `trust`."""


@dataclass(frozen=True, slots=True)
class _Message:
    text: bytes
    """What is signed."""
    signature: bytes
    algorithm: str
    url: str
    """Of the certificate."""

    def signed(self, by: SigningCertificate, now: int) -> bool:
        return not by.outdated(now) and by.signed(self.text, self.signature, self.algorithm)


@dataclass(frozen=True)
class SnsSignature(Certified):
    """Without `trust`, a certificate is believed for the host that it comes from, as AWS has it."""

    THROW_AWAY = "sns.amazonaws.com"
    topics: tuple[str, ...]

    @property
    @override
    def fills(self) -> bool:
        return True

    @override
    def fails(self, request: Request, now: int, fetched: bytes | None = None) -> str | Wanted | None:
        message = self._message(request.json)
        if isinstance(message, str):
            return message
        if any(message.signed(own, now) for own in self.trust.pinned):
            return None
        if fetched is None:
            return Wanted(message.url)
        found = self.trust.judge(fetched, now)
        if isinstance(found, str):
            return found
        return None if message.signed(found, now) else "a wrong Signature"

    def _message(self, document: Any) -> "_Message | str":
        """What is to be proven, or why it cannot be."""
        if not isinstance(document, dict):
            return "no message of SNS"
        if document.get("TopicArn") not in self.topics:
            return "a topic that is not in topic_arn"
        algorithm = ALGORITHMS.get(_word(document, "SignatureVersion"))
        text, url = _text(document), _word(document, "SigningCertURL")
        signature = decoded(wire(_word(document, "Signature")), "base64")
        if algorithm is None or text is None or not signature:
            return "a message without what is signed, or without a signature"
        if not CERTIFICATE.fullmatch(url):
            return "SigningCertURL is no address of SNS"
        return _Message(text, signature, algorithm, url)

    @override
    def greet(self, request: Request) -> Answer | Rejected | None:
        """A subscription is confirmed by a visit to its SubscribeURL.

        The end of one is an event like any other: a visit would subscribe again.
        """
        message = request.json
        if _word(message, "Type") != "SubscriptionConfirmation":
            return None
        url = _word(message, "SubscribeURL")
        if not SUBSCRIBE.fullmatch(url):
            return Rejected(400, "SubscribeURL is no address of SNS")
        return Answer(confirm=url)

    @override
    def fill(self, document: Any, _now: int) -> Any:
        filled = {
            **document,
            "TopicArn": self.topics[0],
            "SignatureVersion": "2",
            "SigningCertURL": OWN_URL,
        }
        if self.signer is None:
            return filled
        signature = self.signer.sign(_text(filled) or b"", "sha256")
        return {**filled, "Signature": base64.b64encode(signature).decode()}


def _text(message: Mapping[str, Any]) -> bytes | None:
    """What is signed: names and values, each on a line of its own. None if something of it is missing."""
    lines: list[str] = []
    for name in SIGNED.get(_word(message, "Type"), ()):
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        # only a Message may have lines: else one text could be read as two different messages
        if not isinstance(value, str) or (name != "Message" and "\n" in value):
            return None
        lines += (name, value)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass") if lines else None


def _word(message: Mapping[str, Any], name: str) -> str:
    """The string of that name; empty where it is none."""
    value = message.get(name)
    return value if isinstance(value, str) else ""


def sns_signature(topics: Sequence[str], pem: Pem | None, faults: Faults, key: str = "trust") -> SnsSignature:
    """`key`: where the table has `trust`."""
    believed = trust(pem, faults, key, None)
    return SnsSignature(tuple(topics), trust=believed, signer=believed.signer)
