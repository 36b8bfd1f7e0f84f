"""Connections to receivers: a verified certificate, and a time limit on all of it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

CONNECT_SECONDS = 10.0  # for each address of the host, and then for each single read or write
BATCH_SECONDS = 30.0  # for the handshake, sending a batch and its confirmation


class NotAccepted(Exception):
    """The receiver has not accepted a batch, or it is not certain that it has."""


def context() -> ssl.SSLContext:
    """Trusts the system's authorities, or those in AUDIT_CA_CERTIFICATES alone. The host's name is checked."""
    made = ssl.create_default_context(cafile=settings.AUDIT_CA_CERTIFICATES or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.AUDIT_CLIENT_CERTIFICATE:
        made.load_cert_chain(settings.AUDIT_CLIENT_CERTIFICATE)
    return made


@contextmanager
def connected(host: str, port: int) -> Iterator[socket.socket]:
    """A TCP connection, which is cut off after BATCH_SECONDS: a receiver that reads or responds a byte at a time would otherwise hold
    up a worker for as long as it likes."""
    late = threading.Event()
    with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain, plain.dup() as other:
        timer = threading.Timer(BATCH_SECONDS, cut_off, [other, late])
        timer.daemon = True
        timer.start()
        try:
            yield plain
        finally:
            timer.cancel()
            if late.is_set():  # whatever looks like the receiver's response or end is ours
                raise NotAccepted(f"no confirmation within {BATCH_SECONDS:.0f} seconds")


def cut_off(plain: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        plain.shutdown(socket.SHUT_RDWR)
