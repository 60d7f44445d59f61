"""Throw-away certificates, so that `relay send` can be a sender whose own key nobody else has."""

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    CertificateBuilder,
    Name,
    NameAttribute,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from relay.receive.verify.key_pair import private_pem

YEARS: Final = timedelta(days=3650)


def throw_away(name: str) -> bytes:
    """A private key, its certificate under that common name, and the authority that issued it, as one PEM."""
    root_key, key = _key(), _key()
    authority = "relay send, throw-away authority"
    root = _certificate(authority, root_key, authority, root_key, ca=True)
    leaf = _certificate(name, key, authority, root_key, ca=False)
    return private_pem(key) + leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)


def _key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def _certificate(
    name: str, key: RSAPrivateKey, issuer: str, issuer_key: RSAPrivateKey, *, ca: bool
) -> Certificate:
    now = datetime.now(UTC)
    return (
        CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + YEARS)
        .add_extension(BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, SHA256())
    )


def _name(common: str) -> Name:
    return Name([NameAttribute(NameOID.COMMON_NAME, common)])
