"""Connections that no well-behaved client makes: bytes written by hand to a socket, and the ways in which a connection can end."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress

End = Callable[[socket.socket], None]


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def close(connection: socket.socket) -> None:
    """Both directions at once, as a program does that ends (FIN, then RST for whatever still comes)."""
    connection.close()


def reset(connection: socket.socket) -> None:
    """RST instead of FIN: what a firewall sends, or a machine that restarted."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def half_close(connection: socket.socket) -> None:
    """FIN in one direction: nothing more will be sent, an answer could still be read. Closed once the answer or the end is there."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(65536):
            pass
    connection.close()


ENDS: dict[str, End] = {"FIN": close, "RST": reset, "half FIN": half_close}

# HTTP/2 (RFC 9113) with prior knowledge: the preface, an empty SETTINGS frame, then one HEADERS frame for each stream.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS, END_HEADERS = 4, 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """RFC 9113, section 4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header_block(headers: dict[str, str]) -> bytes:
    """HPACK without its tables and without Huffman codes (RFC 7541, section 6.2.2). Names and values shorter than 127 bytes."""
    words = [word.encode() for pair in headers.items() for word in pair]
    return b"".join((b"\x00" if n % 2 == 0 else b"") + bytes([len(word)]) + word for n, word in enumerate(words))


def http2(path: str, authority: str, streams: int) -> bytes:
    """POSTs whose bodies are announced and never sent."""
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": authority}
    headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": "100"}
    frames = [frame(HEADERS, END_HEADERS, 2 * n + 1, header_block(headers)) for n in range(streams)]
    return PREFACE + frame(SETTINGS, 0, 0) + b"".join(frames)
