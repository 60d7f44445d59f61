"""Certificates that sign: read, held to their roots, their keys asked. Needs the extra `crypto`."""

import ssl
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    ExtensionNotFound,
    KeyUsage,
    load_pem_x509_certificate,
)
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
)

from relay.clock import SECOND
from relay.config.pem import MARK, Pem
from relay.errors import RelayError
from relay.receive.faults import Faults
from relay.receive.verify.key_pair import private_key

LONGEST_CHAIN: Final = 4
"""Certificates between a signing one and its root, at most."""
MOST_READ: Final = 8
"""Of one answer; what follows is not looked at."""
KEY_BITS: Final = range(2048, 8193)
LONGEST_NAME: Final = 200
UNREADABLE: Final = Exception
"""What looking into a hostile certificate may raise: the library has a class for each fault of one."""
END: Final = b"-----END CERTIFICATE-----"
HASHES: Final = {"sha1": SHA1(), "sha256": SHA256()}  # noqa: S303  SNS signs with SHA-1 where SignatureVersion is 1


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """One that was read; its times in microseconds since 1970."""

    certificate: Certificate = field(repr=False)
    key: RSAPublicKey = field(repr=False)
    names: tuple[str, ...]
    """The common names of its subject."""
    issuer: str
    begins: int
    ends: int

    def outdated(self, now: int) -> bool:
        return not self.begins <= now <= self.ends

    def signed(self, text: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether its key made the RSA signature (PKCS #1, version 1.5) of `text`."""
        try:
            self.key.verify(signature, text, PKCS1v15(), HASHES[algorithm])
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, for `relay send`."""

    private: RSAPrivateKey = field(repr=False)

    def sign(self, text: bytes, algorithm: str) -> bytes:
        return self.private.sign(text, PKCS1v15(), HASHES[algorithm])


class Trust:
    """Whose signing certificates are believed: those that come from one of its roots, and its own."""

    def __init__(
        self,
        roots: Sequence[Certificate] | None,
        pinned: Sequence[Certificate] = (),
        signer: Signer | None = None,
    ) -> None:
        """`roots`: None believes any certificate, for who fetches them knows from whom."""
        self.pinned = tuple(found for found in map(_signing, pinned) if found is not None)
        self.signer = signer
        self._store = Store(list(roots)) if roots else None
        self._any = roots is None
        self._judged: dict[bytes, SigningCertificate] = {}

    def judge(self, content: bytes, now: int) -> SigningCertificate | str:
        """The signing certificate that a file begins with, or why it is not believed at `now`."""
        judged = self._judged.get(content)
        if judged is not None and not judged.outdated(now):
            return judged
        chain = _read(content)
        leaf = _signing(chain[0]) if chain else None
        if leaf is None:
            return "its certificate cannot be read"
        if leaf.outdated(now):
            return "its certificate is not valid now"
        if not self._any and not self._vouched(chain, now):
            return f"its certificate is of no trusted root: {leaf.issuer!r} issued it"
        self._keep(content, leaf)
        return leaf

    def _vouched(self, chain: Sequence[Certificate], now: int) -> bool:
        if self._store is None:
            return False
        builder = PolicyBuilder().store(self._store).max_chain_depth(LONGEST_CHAIN)
        builder = builder.extension_policies(ca_policy=ISSUERS, ee_policy=ExtensionPolicy.permit_all())
        verifier = builder.time(datetime.fromtimestamp(now // SECOND, UTC)).build_client_verifier()
        try:
            verifier.verify(chain[0], list(chain[1:]))
        except UNREADABLE:
            return False
        return True

    def _keep(self, content: bytes, leaf: SigningCertificate) -> None:
        """Judging costs some 400 µs; senders use one certificate for months."""
        if len(self._judged) >= MOST_READ:
            # another thread may be here, too
            self._judged.pop(next(iter(self._judged), b""), None)
        self._judged[content] = leaf


def _may_issue(_policy: Policy, _certificate: Certificate, constraints: BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("no authority")


def _may_sign(_policy: Policy, _certificate: Certificate, usage: KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("signs no certificates")


ISSUERS: Final = (
    ExtensionPolicy.permit_all()
    .require_present(BasicConstraints, Criticality.AGNOSTIC, _may_issue)
    .may_be_present(KeyUsage, Criticality.AGNOSTIC, _may_sign)
)
"""Plainer than the web's rules, which certificates of one's own seldom keep."""


def trust(pem: Pem | None, faults: Faults, key: str, roots: Sequence[Certificate] | None) -> Trust:
    """The trust that the file at `key` says; `roots` where there is none."""
    if pem is None:
        return Trust(roots)
    try:
        found = list(certificates(pem.content))
        return Trust(
            [each for each in found if _is_authority(each)],
            [each for each in found if not _is_authority(each)],
            signer(pem.content) if b"PRIVATE KEY" in pem.content else None,
        )
    except RelayError as error:
        faults.add(key, error.message, error.hint)
    except UNREADABLE:
        faults.add(key, "one of its certificates cannot be read", "PEM, BEGIN CERTIFICATE")
    return Trust(())


def signer(pem: bytes) -> Signer:
    """The RSA key in `pem`. RelayError if there is none."""
    key = private_key(pem)
    if not isinstance(key, RSAPrivateKey):
        raise RelayError("its private key is no RSA key")
    return Signer(key)


def certificates(content: bytes) -> Iterator[Certificate]:
    """All in a PEM file. ValueError at one that cannot be read."""
    for block in content.split(MARK)[1:]:
        body, end, _ = block.partition(END)
        with warnings.catch_warnings(action="ignore"):  # serial numbers that are not as RFC 5280 has them
            try:
                certificate = load_pem_x509_certificate(MARK + body + end)
            except UNREADABLE as error:
                raise ValueError("no certificate") from error
        yield certificate


def _read(content: bytes) -> tuple[Certificate, ...]:
    """The first of them; none if one of those cannot be read."""
    try:
        return tuple(each for each, _ in zip(certificates(content), range(MOST_READ), strict=False))
    except ValueError:
        return ()


def _signing(certificate: Certificate) -> SigningCertificate | None:
    """None where its key cannot sign for us."""
    try:
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size not in KEY_BITS:
            return None
        return SigningCertificate(
            certificate,
            key,
            tuple(
                str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            ),
            certificate.issuer.rfc4514_string()[:LONGEST_NAME],
            int(certificate.not_valid_before_utc.timestamp()) * SECOND,
            int(certificate.not_valid_after_utc.timestamp()) * SECOND,
        )
    except UNREADABLE:
        return None


def _is_authority(certificate: Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False


@lru_cache(1)
def paypal_roots() -> tuple[Certificate, ...]:
    """The issuers of PayPal's signing certificates that relay brings along."""
    return tuple(certificates((files(__package__) / "paypal_roots.pem").read_bytes()))


def system_roots() -> tuple[Certificate, ...]:
    """What this machine believes: SSL_CERT_FILE and SSL_CERT_DIR, else OpenSSL's own places."""
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath or "/nowhere")
    stores = [Path(paths.cafile)] if paths.cafile else sorted(folder.glob("*.[0-9]"))
    return tuple(root for store in stores for root in _roots(store))


def _roots(store: Path) -> Iterator[Certificate]:
    """Those that can be read: a system has one or the other of a kind that is out of use."""
    try:
        content = store.read_bytes()
    except OSError:
        return
    for block in content.split(MARK)[1:]:
        try:
            yield from certificates(MARK + block)
        except ValueError:
            continue
