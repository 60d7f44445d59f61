"""HMAC, against the cases of the RFCs that define it."""

import pytest

from relay.mac import mac

KEY = bytes.fromhex("0b" * 20)
LONG_KEY = bytes.fromhex("aa" * 131)
TEXT = b"Hi There"
CASES = [
    (KEY, TEXT, "sha1", "b617318655057264e28bc0b6fb378c8ef146be00"),
    (KEY, TEXT, "sha256", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "sha256",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        LONG_KEY,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "sha256",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]


@pytest.mark.parametrize(("key", "text", "algorithm", "expected"), CASES)
def test_the_rfcs_own(key: bytes, text: bytes, algorithm: str, expected: str) -> None:
    """RFC 2202, 3, case 1; RFC 4231, cases 1, 2 and 6."""
    assert mac(key, text, algorithm).hex() == expected


def test_no_such_algorithm() -> None:
    """It is said, and by its name."""
    with pytest.raises(ValueError, match="sha9"):
        mac(KEY, TEXT, "sha9")
