"""The extra `crypto`: key pairs and certificates. Imported only where a source asks for it."""

from importlib import import_module
from typing import Final

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults

MISSING: Final = "needs the extra crypto"
HINT: Final = 'requirements.lock has it; else, in relay\'s checkout: pip install ".[crypto]"'


def crypto(source: SourceConfig, faults: Faults) -> bool:
    """Whether it is installed; where it is not, a fault says so."""
    try:
        import_module("cryptography.hazmat.bindings._rust")
    except ImportError:
        faults.add("verify" if source.provider is None else "provider", MISSING, HINT)
        return False
    return True
