"""Certificates that sign are held to their roots."""

import base64
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding

from relay.clock import SECOND
from relay.config.pem import Pem
from relay.receive.faults import Faults
from relay.receive.verify.certificate import (
    LONGEST_CHAIN,
    SigningCertificate,
    Trust,
    certificates,
    paypal_roots,
    system_roots,
    trust,
)
from relay.receive.verify.extra import HINT
from tests.authority import Issued, authority, rsa_key
from tests.receive.providers.posting import NOW

ROOT = authority()
OTHER = authority("another root")
BETWEEN = ROOT.issue("between", ca=True, key=generate_private_key(SECP256R1()))
NAME = "messageverificationcerts.paypal.com"
DAY = 86_400 * SECOND
PAST = {"begins": timedelta(days=-9), "ends": timedelta(days=-1)}
EXPIRED = ROOT.issue("expired", ca=True, key=BETWEEN.key, **PAST)
NO_AUTHORITY = ROOT.issue("no authority", ca=False, key=BETWEEN.key)
PLAIN = ROOT.issue("plain", key=BETWEEN.key)
NO_SIGNER = ROOT.issue("no signer", ca=True, usage=False, key=BETWEEN.key)
SHORT = ROOT.issue("short", ca=True, path_length=0, key=BETWEEN.key)
BELOW_SHORT = SHORT.issue("below short", ca=True, key=BETWEEN.key)
POSING = authority("between")


def chain(*issued: Issued) -> bytes:
    return b"".join(each.pem for each in issued)


def believed(content: bytes, *roots: Issued, now: int = NOW) -> bool:
    found = Trust([root.certificate for root in roots]).judge(content, now)
    return isinstance(found, SigningCertificate)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda: chain(ROOT.issue(NAME)), True),
        (lambda: b"# a comment\r\n" + chain(ROOT.issue(NAME)).replace(b"\n", b"\r\n"), True),
        (lambda: chain(BETWEEN.issue(NAME), BETWEEN), True),
        (lambda: chain(BETWEEN.issue(NAME), OTHER, BETWEEN, ROOT), True),
        (lambda: chain(BETWEEN.issue(NAME)), False),
        (lambda: chain(OTHER.issue(NAME), OTHER), False),
        (lambda: chain(POSING.issue(NAME), BETWEEN), False),
        (lambda: chain(authority(NAME)), False),
        (lambda: chain(EXPIRED.issue(NAME), EXPIRED), False),
        (lambda: chain(NO_AUTHORITY.issue(NAME), NO_AUTHORITY), False),
        (lambda: chain(PLAIN.issue(NAME), PLAIN), False),
        (lambda: chain(NO_SIGNER.issue(NAME), NO_SIGNER), False),
        (lambda: chain(SHORT.issue(NAME), SHORT), True),
        (lambda: chain(BELOW_SHORT.issue(NAME), BELOW_SHORT, SHORT), False),
        (lambda: chain(ROOT.issue(NAME, begins=timedelta(days=1))), False),
        (lambda: chain(ROOT.issue(NAME, ends=timedelta(days=-1))), False),
        (lambda: chain(ROOT.issue(NAME, key=generate_private_key(SECP256R1()))), False),
        (lambda: chain(ROOT.issue(NAME, key=rsa_key(0, 1024))), False),
        (lambda: b"", False),
        (lambda: b"-----BEGIN CERTIFICATE-----", False),
        (lambda: b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----", False),
        (lambda: chain(ROOT.issue(NAME))[:-40], False),
        (lambda: b"\xff" * 4096, False),
    ],
)
def test_chains(content: Callable[[], bytes], expected: bool) -> None:
    """One of a root, through true authorities, all of them valid now; nothing else, and nothing raises."""
    assert believed(content(), ROOT) is expected


def test_a_chain_is_short() -> None:
    """Over four certificates between, none is looked for."""
    link, links = ROOT, []
    for number in range(LONGEST_CHAIN + 1):
        link = link.issue(f"link {number}", ca=True, key=BETWEEN.key)
        links.append(link)
        content = chain(link.issue(NAME), *links)
        assert believed(content, ROOT) is (number < LONGEST_CHAIN)


def test_many_of_one_name_end() -> None:
    """A file full of possible issuers is refused, and only its first certificates are looked at."""
    crowd = [authority("between").issue("between", ca=True, key=BETWEEN.key) for _ in range(40)]
    assert not believed(chain(POSING.issue(NAME), *crowd), ROOT)
    assert not believed(chain(BETWEEN.issue(NAME), *crowd[:8], BETWEEN), ROOT)


def test_a_judgement_is_kept_while_it_holds() -> None:
    """The same bytes are judged once; when the certificate has ended, they are refused all the same."""
    leaf = ROOT.issue(NAME, ends=timedelta(days=2))
    judge = Trust([ROOT.certificate]).judge
    found = judge(leaf.pem, NOW)
    assert judge(leaf.pem, NOW + 2 * DAY) is found
    assert judge(leaf.pem, NOW + 2 * DAY + SECOND) == "its certificate is not valid now"
    assert judge(leaf.pem, NOW - 101 * DAY) == "its certificate is not valid now"


def test_without_roots_the_host_is_the_proof() -> None:
    """Where the address is what is trusted, any certificate that is valid now is taken."""
    anybodys = authority(NAME).issue(NAME)
    assert isinstance(Trust(None).judge(anybodys.pem, NOW), SigningCertificate)
    assert Trust(None).judge(anybodys.pem, NOW + 101 * DAY) == "its certificate is not valid now"


def test_a_file_of_roots_and_signing_certificates() -> None:
    """Authorities are roots, the others are believed themselves and issue nothing; the key is for signing."""
    pinned = OTHER.issue(NAME)
    faults = Faults("shop")
    found = trust(Pem(ROOT.pem + pinned.whole), faults, "trust", None)
    assert not faults.found
    assert [own.certificate for own in found.pinned] == [pinned.certificate]
    assert found.signer is not None
    assert isinstance(found.judge(ROOT.issue(NAME).pem, NOW), SigningCertificate)
    assert isinstance(found.judge(OTHER.issue(NAME).pem, NOW), str)
    assert isinstance(found.judge(pinned.issue(NAME).pem, NOW), str)


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----",
        ROOT.pem + b"-----BEGIN CERTIFICATE-----\n",
        ROOT.pem + b"-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----",
    ],
)
def test_an_unusable_file_is_a_fault(content: bytes) -> None:
    """At load, at its key, and without showing what it holds."""
    faults = Faults("shop")
    found = trust(Pem(content), faults, "verify.trust", None)
    (problem,) = faults.found
    assert problem.path == "source.shop.verify.trust"
    assert "bm8" not in problem.text
    assert isinstance(found.judge(ROOT.issue(NAME).pem, NOW), str)


def test_a_key_that_cannot_sign_so_is_a_fault() -> None:
    """The file may hold the signing certificate's key; one of another kind is none."""
    faults = Faults("shop")
    trust(Pem(ROOT.whole), faults, "trust", None)
    assert [problem.text for problem in faults.found] == ["its private key is no RSA key"]


def spelled(raw: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(raw) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("seed", range(4))
def test_altered_certificates(seed: int) -> None:
    """Whatever byte of one is another, wherever: it is not believed, and nothing raises."""
    draw = random.Random(seed)
    issued = ROOT.issue(NAME, ca=False, usage=False, hosts=(NAME,))
    raw = issued.certificate.public_bytes(Encoding.DER)
    assert believed(spelled(raw), ROOT)
    for _ in range(500):
        at = draw.randrange(len(raw))
        forged = raw[:at] + bytes([raw[at] ^ draw.randrange(1, 256)]) + raw[at + 1 :]
        assert not believed(spelled(forged), ROOT), at
        Trust(None).judge(spelled(forged), NOW)


def test_the_roots_that_come_along_are_sound() -> None:
    """PayPal's issuers: each is vouched for by a root of the same file, and has years to go."""
    by_name = {root.subject: root for root in paypal_roots()}
    assert len(by_name) == 4
    for root in paypal_roots():
        assert root.not_valid_after_utc.year >= 2028
        if root.issuer != root.subject:
            root.verify_directly_issued_by(by_name[root.issuer])


def test_the_systems_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE names them; what cannot be read in it is passed over."""
    store = tmp_path / "roots.pem"
    store.write_bytes(
        ROOT.pem + b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n" + OTHER.pem
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    assert system_roots() == (ROOT.certificate, OTHER.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    assert system_roots() == ()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    (tmp_path / "0a1b2c3d.0").write_bytes(ROOT.pem)
    assert system_roots() == (ROOT.certificate,)


def test_certificates_are_read_one_by_one() -> None:
    """A broken one is an error where it stands, not before."""
    found = certificates(ROOT.pem + b"-----BEGIN CERTIFICATE-----")
    assert next(found) == ROOT.certificate
    with pytest.raises(ValueError):
        next(found)


WITHOUT = """
import sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "cryptography":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
from relay.config.schema import SourceConfig
from relay.receive.providers.known import build
PUBLIC = "00" * 32
for table in (
    {"provider": "github", "secret": ["s"]},
    {"provider": "discord", "secret": [PUBLIC]},
    {"provider": "sendgrid", "secret": ["AAAA"]},
    {"provider": "paypal", "webhook_id": ["w"]},
    {"provider": "sns", "topic_arn": ["t"]},
    {"provider": "standard-webhooks", "secret": ["whsec_c2VjcmV0"]},
    {"provider": "standard-webhooks", "secret": ["whpk_c2VjcmV0"]},
    {"verify": {"type": "ed25519", "header": "X"}, "secret": [PUBLIC]},
    {"verify": {"type": "ecdsa", "header": "X"}, "secret": ["AAAA"]},
    {"verify": {"type": "paypal", "webhook_id": "w"}},
    {"verify": {"type": "sns", "topic_arn": "t"}},
):
    found = build("shop", SourceConfig.model_validate(table), None)
    print(*[f"{p.path}: {p.text} ({p.hint})" for p in found] if isinstance(found, list) else ["built"])
"""


def test_without_the_extra() -> None:
    """What needs it names it, where the source asks for it; all else is as ever."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert not done.stderr
    told = f"needs the extra crypto ({HINT})"
    named, worded = f"source.shop.provider: {told}", f"source.shop.verify: {told}"
    expected = ["built", *[named] * 4, "built", named, *[worded] * 4]
    assert done.stdout.splitlines() == expected
