"""A throw-away certificate authority, the same bytes each time: its keys are made from their names."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

EXPONENT: Final = 65537
SIGNS_NOTHING: Final = dict.fromkeys(
    [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ],
    False,
)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """2048 bits out of a name: worth nothing beyond these files."""
    p, q = _prime(f"{name}/p"), _prime(f"{name}/q")
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    rest = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *rest, public).private_key()


def _prime(seed: str) -> int:
    return next(number for number in _candidates(seed) if _is_prime(number))


def _candidates(seed: str) -> Iterator[int]:
    """Odd numbers of 1024 bits whose two highest bits are set, so that a product of two has 2048."""
    for n in count():
        bits = int.from_bytes(hashlib.shake_256(f"{seed}/{n}".encode()).digest(128), "big")
        yield bits | 3 << 1022 | 1


def _is_prime(n: int) -> bool:
    """Miller and Rabin's test with fixed witnesses; that e divides no n - 1 is asked for too."""
    if any(n % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23)) or n % EXPONENT == 1:
        return False
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    return all(_witness(n, pow(base, (n - 1) >> twos, n), twos) for base in range(2, 42))


def _witness(n: int, x: int, twos: int) -> bool:
    if x in {1, n - 1}:
        return True
    return any((x := x * x % n) == n - 1 for _ in range(twos - 1))


def authority(name: str, issuer: Issued | None = None) -> Issued:
    """A root, or what `issuer` lets sign."""
    key = rsa_key(name)
    usage = x509.KeyUsage(**SIGNS_NOTHING | {"key_cert_sign": True, "crl_sign": True})
    builder = _builder(name, key, issuer, (2020, 2049))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return _signed(builder.add_extension(usage, critical=True), key, issuer)


def leaf(name: str, issuer: Issued, years: tuple[int, int] = (2025, 2045)) -> Issued:
    """What signs messages; `name` is its common name."""
    key = rsa_key("leaf")
    usage = x509.KeyUsage(**SIGNS_NOTHING | {"digital_signature": True, "key_encipherment": True})
    builder = _builder(name, key, issuer, years)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(server, critical=False)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    return _signed(builder.add_extension(names, critical=False), key, issuer)


def _builder(
    name: str, key: rsa.RSAPrivateKey, issuer: Issued | None, years: tuple[int, int]
) -> x509.CertificateBuilder:
    subject = _named(name)
    above = issuer.key if issuer else key
    serial = int.from_bytes(hashlib.sha256(f"{name}{years}".encode()).digest()[:8], "big") >> 1
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(years[0], 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(years[1], 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Relay vectors")
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(builder: x509.CertificateBuilder, key: rsa.RSAPrivateKey, issuer: Issued | None) -> Issued:
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
