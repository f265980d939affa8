"""Small real servers on a free port, for what a central service should never do."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answerer = Callable[[socket.socket, bytes], None]


@contextmanager
def serving(answer: Answerer, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that calls ``answer`` with each request, in a thread each; its address."""
    threads: list[threading.Thread] = []
    opened: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk(connection: socket.socket) -> None:
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as line:
                    line.settimeout(10)
                    if request := _request(line):
                        answer(line, request)
            except OSError:
                return  # the client has gone

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                opened.append(connection)
                threads.append(threading.Thread(target=talk, args=(connection,)))
                threads[-1].start()

        accepting = threading.Thread(target=serve)
        accepting.start()
        scheme = "https" if tls else "http"
        try:
            yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in opened:
                try:
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                except OSError:
                    continue  # closed already
            for thread in threads:
                thread.join()


def _request(line: socket.socket) -> bytes:
    """Head and body of one request."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = line.recv(65536)
        if not piece:
            return b""
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    length = next((int(row[15:]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = line.recv(65536)
        if not piece:
            return b""
        body += piece
    return head + b"\r\n\r\n" + body


def always(answer: bytes) -> Answerer:
    """These bytes, to whoever asks."""
    return lambda line, _: line.sendall(answer)


def silence(line: socket.socket, _: bytes) -> None:
    """Take the request and never answer; ends with the connection."""
    line.settimeout(None)
    line.recv(1)


def document(body: object, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer of JSON; underscores in names of headers become hyphens."""
    raw = json.dumps(body).encode()
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    told += f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n"
    head = f"HTTP/1.1 {status}\r\n{told}\r\n"
    return head.encode("latin-1") + raw
