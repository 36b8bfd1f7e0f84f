"""Free ports on the loopback address."""

import socket


def free_port() -> int:
    """A port that nothing listens on now. Another process could take it before its use; on a test machine none does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
