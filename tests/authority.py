"""Authorities that issue certificates, and what they issue: all made here, all thrown away."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    AuthorityKeyIdentifier,
    BasicConstraints,
    Certificate,
    CertificateBuilder,
    DNSName,
    IPAddress,
    KeyUsage,
    Name,
    NameAttribute,
    SubjectAlternativeName,
    SubjectKeyIdentifier,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from relay.clock import SECOND
from relay.receive.verify.key_pair import private_pem
from tests.receive.providers.posting import NOW

TODAY = datetime.fromtimestamp(NOW // SECOND, UTC)


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> RSAPrivateKey:
    """The same again for the same number: making one takes its time."""
    assert number >= 0
    return generate_rsa_key(65537, bits)


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key."""

    certificate: Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def whole(self) -> bytes:
        """With the private key."""
        return private_pem(self.key) + self.pem

    def issue(self, name: str, **kw: Any) -> "Issued":
        """A certificate under that common name, plain unless `kw` says more."""
        return _issue(name, self, **kw)


def authority(name: str = "tests' root", **kw: Any) -> Issued:
    """A root."""
    return _issue(name, None, ca=True, key=ec_key(SECP256R1()), **kw)


def _issue(
    name: str,
    issuer: Issued | None,
    *,
    key: Any = None,
    ca: bool | None = None,
    begins: timedelta = timedelta(days=-100),
    ends: timedelta = timedelta(days=100),
    path_length: int | None = None,
    usage: bool | None = None,
    hosts: tuple[str, ...] = (),
    web: bool = False,
) -> Issued:
    """`ca`: None leaves the extension out. `usage`: whether its key may sign certificates.

    `web`: with the key identifiers that clients of servers want from Python 3.13 on.
    """
    key = rsa_key() if key is None else key
    subject = Name([NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(TODAY + begins)
        .not_valid_after(TODAY + ends)
    )
    if ca is not None:
        builder = builder.add_extension(BasicConstraints(ca, path_length), critical=True)
    if usage is not None:
        builder = builder.add_extension(_usage(signs=usage), critical=True)
    if hosts:
        names = [DNSName(host) if host.islower() else IPAddress(ip_address(host)) for host in hosts]
        builder = builder.add_extension(SubjectAlternativeName(names), critical=False)
    if web:
        mine = SubjectKeyIdentifier.from_public_key(key.public_key())
        theirs = AuthorityKeyIdentifier.from_issuer_public_key(
            (key if issuer is None else issuer.key).public_key()
        )
        builder = builder.add_extension(mine, critical=False).add_extension(theirs, critical=False)
    return Issued(builder.sign(key if issuer is None else issuer.key, SHA256()), key)


def _usage(*, signs: bool) -> KeyUsage:
    return KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
