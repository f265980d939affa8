"""A server that says exactly what a test wrote down, whatever it is told: for what no decent server would say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"
SILENCE = b"silence"  # instead of an answer: the connection stays open without a word


class Scripted:
    """What a server says: the first answer before it is told anything, each other one after a line; then nothing."""

    def __init__(self, *connections: Sequence[bytes]) -> None:
        self._connections = connections
        self.heard: list[bytes] = []
        self.let_go = threading.Event()
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]

    def run(self) -> None:
        """Serve one connection after another."""
        for answers in self._connections:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # the test is over
                return
            with connection, suppress(OSError):
                self._serve(connection, answers)

    def _serve(self, connection: socket.socket, answers: Sequence[bytes]) -> None:
        with connection.makefile("rb") as lines:
            for number, answer in enumerate(answers):
                if number:
                    self.heard.append(lines.readline())
                if answer == SILENCE:
                    self.let_go.wait(30)
                    return
                connection.sendall(answer)

    def end(self) -> None:
        """Let go of whoever waits, and stop."""
        self.let_go.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def scripted(*connections: Sequence[bytes]) -> Iterator[Scripted]:
    """A server for so many connections, in a thread."""
    server = Scripted(*connections)
    thread = threading.Thread(target=server.run, name="scripted server")
    thread.start()
    try:
        yield server
    finally:
        server.end()
        thread.join(30)
