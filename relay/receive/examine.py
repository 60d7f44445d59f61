"""What a request is: an event, several, a handshake, or nothing that is taken. Pure."""

from relay.receive.providers.protocol import Answer, Identity, Part, Provider, Rejected, Request, Wanted

Finding = Identity | tuple[Part, ...] | Answer | Rejected | Wanted

NO_HANDSHAKE = Rejected(400, "a method of handshakes, and no handshake of this source")


def examine(provider: Provider, request: Request, now: int, fetched: bytes | None = None) -> Finding:
    """In this order: handshakes that nobody signs, the proof, those that are signed, the event's names."""
    if (answer := provider.greet(request, now, proven=False)) is not None:
        return answer
    if (refused := provider.verify(request, now, fetched)) is not None:
        return refused
    if (answer := provider.greet(request, now, proven=True)) is not None:
        return answer
    return provider.identify(request) if request.method == "POST" else NO_HANDSHAKE
