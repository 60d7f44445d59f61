"""TLS as a target's table wants it: whose roots are trusted there, and which certificate is shown."""

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from relay.config.locate import dotted
from relay.config.pem import Pem
from relay.config.target import MtlsAuth, TargetConfig
from relay.errors import Problem

CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
ENCRYPTED: Final = re.compile(r"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED")
OF_CERTIFICATE: Final = frozenset({"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"})
"""What OpenSSL says of a certificate that it reads and does not take."""
OF_ANOTHER: Final = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
"""What it says where a key and a certificate do not belong together."""
PEM_HINT: Final = "PEM, BEGIN CERTIFICATE: relay's own first, then those that issued it"


def tls_context(name: str, table: TargetConfig) -> ssl.SSLContext | list[Problem] | None:
    """What the target's connections are made with, or what is wrong with its `ca`, certificate and key.

    None: it names none of them, and the system's roots are all there is to it.
    """
    shows = table.auth if isinstance(table.auth, MtlsAuth) else None
    if table.ca is None and shows is None:
        return None
    context = ssl.create_default_context() if table.ca is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = [_trust(context, table.ca), _show(context, shows)]
    problems = [Problem(dotted(["target", name, *one[0]]), *one[1:]) for one in found if one is not None]
    return problems or context


Fault = tuple[tuple[str, ...], str, str]
"""Keys of the table, what is wrong there, and what to do."""


def _trust(context: ssl.SSLContext, roots: Pem | None) -> Fault | None:
    if roots is not None and not _load_roots(context, roots.content.decode("ascii", "replace")):
        return ("ca",), "holds a certificate that cannot be read", "PEM, BEGIN CERTIFICATE"
    return None


def _load_roots(context: ssl.SSLContext, text: str) -> bool:
    try:
        context.load_verify_locations(cadata="\n".join(CERTIFICATE.findall(text)))
    except (ssl.SSLError, ValueError):
        return False
    return True


def _show(context: ssl.SSLContext, auth: MtlsAuth | None) -> Fault | None:
    if auth is None or auth.certificate.missing or auth.key.missing:
        return None
    chain, key = auth.certificate.reveal(), auth.key.reveal()
    if not _load_roots(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), chain):
        return ("auth", "certificate"), "holds no certificate that can be read", PEM_HINT
    if ENCRYPTED.search(key):
        return ("auth", "key"), "has a passphrase", "openssl pkey -in KEY.pem -out PLAIN.pem takes it off"
    with _in_memory(chain) as chain_file, _in_memory(key) as key_file:
        try:
            # a password, for without one OpenSSL would ask the terminal
            context.load_cert_chain(chain_file, key_file, password="")
        except (ssl.SSLError, ValueError) as error:
            return _unusable(str(getattr(error, "reason", "")))
    return None


def _unusable(reason: str) -> Fault:
    if reason in OF_CERTIFICATE:
        return ("auth", "certificate"), "is too weak to be used", reason
    if reason in OF_ANOTHER:
        return (
            ("auth", "key"),
            "is not the key of the certificate",
            "the first certificate must be relay's own",
        )
    return ("auth", "key"), "holds no private key that can be read", "PEM, BEGIN PRIVATE KEY"


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """The path of a file that is on no disk, and gone when it is left: OpenSSL takes keys from files only."""
    with os.fdopen(os.memfd_create("relay"), "wb") as file:
        file.write(text.encode())
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"
