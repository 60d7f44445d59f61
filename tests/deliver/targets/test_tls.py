"""Certificates and keys of the file, judged when it is loaded."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from relay.config.target import TargetConfig
from relay.config.types import Place
from relay.deliver.targets.http import prepare
from relay.errors import Problem
from relay.receive.verify.key_pair import private_pem
from tests.authority import rsa_key
from tests.deliver.targets.asking import problems, table
from tests.deliver.targets.tls_site import key_of, of_client, root

OWN = of_client(root())
CERTIFICATE, KEY = OWN.pem.decode(), key_of(OWN)
CURVE = generate_private_key(SECP256R1())
WEAK = root().issue("weak", key=rsa_key(1, 1024), web=True)
NO_KEY = "holds no private key that can be read"
NO_CERTIFICATE = "holds no certificate that can be read"
ANOTHER = "is not the key of the certificate"


def locked(form: PrivateFormat) -> str:
    return CURVE.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"x")).decode()


def damaged(pem: str) -> str:
    return pem[:300] + pem[310:]


def shown(certificate: str, key: str) -> TargetConfig:
    environ = {"CERT": certificate, "KEY": key}
    auth = {"type": "mtls", "certificate": {"env": "CERT"}, "key": {"env": "KEY"}}
    return table("https://billing.internal/", environ, auth=auth)


@pytest.mark.parametrize(
    ("certificate", "key", "at", "why"),
    [
        ("nothing", KEY, "certificate", NO_CERTIFICATE),
        (KEY, KEY, "certificate", NO_CERTIFICATE),
        (damaged(CERTIFICATE), KEY, "certificate", NO_CERTIFICATE),
        (CERTIFICATE + damaged(CERTIFICATE), KEY, "certificate", NO_CERTIFICATE),
        (WEAK.pem.decode(), key_of(WEAK), "certificate", "is too weak to be used"),
        (CERTIFICATE, "nothing", "key", NO_KEY),
        (CERTIFICATE, CERTIFICATE, "key", NO_KEY),
        (CERTIFICATE, damaged(KEY), "key", NO_KEY),
        (CERTIFICATE, private_pem(rsa_key(2)).decode(), "key", ANOTHER),
        (CERTIFICATE, private_pem(CURVE).decode(), "key", ANOTHER),
        (CERTIFICATE, locked(PrivateFormat.PKCS8), "key", "has a passphrase"),
        (CERTIFICATE, locked(PrivateFormat.TraditionalOpenSSL), "key", "has a passphrase"),
    ],
)
def test_what_cannot_be_used(certificate: str, key: str, at: str, why: str) -> None:
    """It is told where it stands, with what to do, and nothing of it is shown."""
    (problem,) = problems(shown(certificate, key))
    assert (problem.path, problem.text) == (f"target.box.auth.{at}", why)
    assert problem.hint
    for line in filter(None, (certificate + key).splitlines()):
        assert line not in repr(problem)


def test_all_at_once(tmp_path: Path) -> None:
    """What is wrong with `ca` and with the certificate is told in one go."""
    (tmp_path / "ca.pem").write_text(damaged(CERTIFICATE))
    words = shown("nothing", KEY).model_copy(update={"ca": table("log:", ca=str(tmp_path / "ca.pem")).ca})
    assert [each.path for each in problems(words)] == ["target.box.ca", "target.box.auth.certificate"]


def test_roots_that_cannot_be_read(tmp_path: Path) -> None:
    """One damaged certificate among others is one too many: nobody would miss it until it is needed."""
    (tmp_path / "ca.pem").write_text(CERTIFICATE + damaged(CERTIFICATE))
    assert problems(table("https://billing.internal/", ca=str(tmp_path / "ca.pem"))) == [
        Problem("target.box.ca", "holds a certificate that cannot be read", "PEM, BEGIN CERTIFICATE")
    ]


@pytest.mark.parametrize("missing", [("certificate",), ("key",), ("certificate", "key")])
def test_credential_that_is_not_here(missing: tuple[str, ...]) -> None:
    """`relay check` where systemd's credentials are not: nothing is wrong with what cannot be seen."""
    words: dict[str, Any] = {"type": "mtls", "certificate": CERTIFICATE, "key": KEY}
    words |= {name: {"credential": name} for name in missing}
    place = Place(Path(), environ={}, checking=True)
    found = TargetConfig.model_validate({"url": "https://billing.internal/", "auth": words}, context=place)
    assert callable(prepare("box", found))


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def test_nothing_is_left() -> None:
    """The key stands in no file, on no disk, when it is loaded; and no descriptor stays open."""
    before = descriptors()
    assert callable(prepare("box", shown(CERTIFICATE, KEY)))
    assert descriptors() == before
