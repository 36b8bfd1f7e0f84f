"""A TLS connection that only sends, and whose end says whether the receiver has read everything.

Not ssl.SSLSocket: its `unwrap` cannot tell the receiver's end from its fatal alert (a client certificate that it rejects, in TLS 1.3 after
the handshake), for which OpenSSL sets the same flag.
"""

import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable
from typing import Any

from portal.audit.stream.tls import NotAccepted

ACKNOWLEDGED_SECONDS = 5.0
CHUNK = 64 * 1024


class SendingConnection:
    def __init__(self, plain: socket.socket, context: ssl.SSLContext, host: str) -> None:
        """Raises OSError, ssl.SSLCertVerificationError among them."""
        self.plain, self.incoming, self.outgoing = plain, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)
        self.complete(self.tls.do_handshake)

    def complete(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a step of TLS, once the receiver has sent what that needs."""
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                self.receive()
            finally:
                self.flush()

    def flush(self) -> None:
        if data := self.outgoing.read():
            self.plain.sendall(data)

    def receive(self) -> None:
        if data := self.plain.recv(CHUNK):
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), CHUNK):
            self.complete(self.tls.write, data[start : start + CHUNK])

    def end(self) -> None:
        """Says that nothing follows, and waits for the receiver's end. Raises NotAccepted, or OSError for an alert or a reset.

        A receiver responds with close_notify (RFC 5425, section 4.4), or closes the connection without one, as some do. The latter
        counts if its system has acknowledged every byte: one that closes before it has read them all resets the connection.
        """
        try:
            self.tls.read(CHUNK)  # what it may have sent before
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            raise NotAccepted("the connection was closed too early") from None
        try:
            self.tls.unwrap()  # with nothing to read it sends close_notify and no more
        except ssl.SSLWantReadError:
            self.flush()
        try:
            while self.complete(self.tls.read, CHUNK):
                pass
        except ssl.SSLZeroReturnError:
            return
        except ssl.SSLEOFError:
            self.require_acknowledged()

    def require_acknowledged(self) -> None:
        """Raises NotAccepted unless the receiver's system acknowledges all bytes and resets nothing."""
        until = time.monotonic() + ACKNOWLEDGED_SECONDS
        while self.unacknowledged():
            if self.plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or time.monotonic() > until:
                raise NotAccepted("the connection was closed too early")
            time.sleep(0.01)

    def unacknowledged(self) -> int:
        """Bytes (Linux's SIOCOUTQ, tcp(7))."""
        return struct.unpack("i", fcntl.ioctl(self.plain, termios.TIOCOUTQ, bytes(4)))[0]
