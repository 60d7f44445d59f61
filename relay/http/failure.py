"""Why a request got no answer, in words that show no address, no header and no parameter."""

import os
import ssl

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientHttpProxyError,
    ClientOSError,
    ClientPayloadError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)


def no_answer(error: Exception) -> str:  # noqa: C901, PLR0911  a table
    """What went wrong, by the exception of aiohttp or of the system."""
    match error:
        case ClientHttpProxyError():
            return f"the proxy answered {error.status}"
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
        said = str(getattr(error, "verify_message", None) or error.reason or type(error).__name__)
        return said.partition(", certificate is not valid for")[0][:200]
    if isinstance(error.__cause__, ssl.SSLError):
        # by TLS 1.3 a client learns behind its own handshake that the server refused it
        return f"TLS: {_reason(error.__cause__)}"
    number = getattr(error, "errno", None)
    if number is not None and number > 0:
        return os.strerror(number)
    closed = isinstance(error.__cause__ or error, ConnectionResetError)
    return "closed by the other side" if closed else type(error).__name__
