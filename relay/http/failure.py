"""Why a request got no answer, in words that show no address, no header and no parameter."""

import os
import ssl

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientOSError,
    ClientPayloadError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)


def no_answer(error: Exception) -> str:  # noqa: PLR0911  a table
    """What went wrong, by the exception of aiohttp or of the system."""
    match error:
        case ConnectionTimeoutError():
            return "no connection in time"
        case TimeoutError():
            return "no answer in time"
        case ClientConnectorDNSError():
            return "its name is not resolved"
        case ClientConnectorCertificateError():
            return f"TLS: {_reason(error.certificate_error)}"
        case ClientConnectorSSLError():
            return f"TLS: {_reason(error.os_error)}"
        case ClientConnectorError():
            return f"no connection: {_reason(error.os_error)}"
        case ServerDisconnectedError():
            return "connection closed without an answer"
        case ClientPayloadError():
            return "the answer's body is broken"
        case ClientOSError() | OSError():
            return f"connection broken: {_reason(error)}"
    return f"no valid answer ({type(error).__name__})"


def _reason(error: BaseException) -> str:
    """What the system says, without addresses."""
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "verify_message", None) or error.reason or type(error).__name__)[:200]
    number = getattr(error, "errno", None)
    return os.strerror(number) if number is not None and number > 0 else type(error).__name__
