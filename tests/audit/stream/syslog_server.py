"""A syslog receiver with TLS in a thread, which may misbehave."""

import re
import socket
import ssl
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self


class SyslogServer:
    """`messages`: what it has processed. `behaviour`, which a test may change at any time:

    normal: reads to the end and responds with close_notify. abrupt: reads to the end and closes without one. reset: resets the
    connection after some bytes. early: closes in the middle. silent: reads nothing. holding: reads all and does not close.
    """

    def __init__(self, certificate: Path, clients: Path | None = None) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        if clients:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(clients)
        self.messages: list[str] = []
        self.behaviour, self.connections = "normal", 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.listener.close()
        with suppress(OSError):  # wakes accept()
            socket.create_connection(("127.0.0.1", self.port), timeout=0.1).close()
        self.thread.join(5)

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with plain, suppress(OSError):
                plain.settimeout(5)
                self.serve(plain)

    def serve(self, plain: socket.socket) -> None:
        encrypted = self.context.wrap_socket(plain, server_side=True)
        if self.behaviour == "silent":
            self.ended.wait(5)
            return
        if self.behaviour in ("reset", "early"):
            encrypted.recv(100)
            if self.behaviour == "reset":
                encrypted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            encrypted.close()
            return
        data = b""
        while received := encrypted.recv(65536):
            data += received
        self.messages += [text.decode() for text in frames(data)]
        if self.behaviour == "holding":
            self.ended.wait(5)
        if self.behaviour == "normal":
            encrypted.unwrap()
        encrypted.close()


def frames(data: bytes) -> list[bytes]:
    """The messages in a stream with octet counting (RFC 5425, section 4.3). Fails for anything else."""
    found = []
    while data:
        length = re.match(rb"([1-9]\d*) ", data)
        assert length, data[:40]
        begin, end = length.end(), length.end() + int(length[1])
        assert len(data) >= end, "a message that was cut off"
        found.append(data[begin:end])
        data = data[end:]
    return found
