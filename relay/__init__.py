"""relay: receive webhooks, keep them on disk, forward them until they arrive."""

__version__ = "0.1.0"
