"""The desk's line to a simulator that behaves badly."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.desk.remote import Remote
from sim.desk.table import Desk
from tests.sim.running import Process
from tests.waiting import wait_for


class Heard:
    """What the window is told."""

    def __init__(self, state: Path) -> None:
        self.desks: list[Desk] = []
        self.awake: list[bool] = []
        self.said: list[str | None] = []
        self.remote = Remote(state, self.desks.append, self.awake.append, self.said.append)


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    found = Heard(tmp_path)
    yield found
    found.remote.stop()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Stands where the simulator should."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.settimeout(5.0)
        (tmp_path / "sim.json").write_text(json.dumps({"control": found.getsockname()[1]}), "utf-8")
        yield found


@pytest.mark.parametrize("answer", [b"", b'{"ok": true, "ta', b'{"ok": true}\n'])
def test_an_answer_that_is_cut_off_or_another_ends_nothing(
    heard: Heard, listener: socket.socket, answer: bytes
) -> None:
    def reply() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)

    heard.remote.start()
    for _ in range(8):  # two whole looks at least: it goes on asking
        reply()
    wait_for(lambda: heard.said == [None])


def test_orders_are_carried_out_in_their_order(heard: Heard, listener: socket.socket) -> None:
    orders = [f"put {number}" for number in range(5)]
    for order in orders:
        heard.remote.do(order)
    heard.remote.start()
    asked: list[str] = []
    while len(asked) < len(orders):
        connection, _ = listener.accept()
        with connection:
            line = connection.recv(1000).decode().strip()
        asked += [line] if line in orders else []
    assert asked == orders


def test_a_simulator_that_hangs_does_not_keep_the_window_open(
    heard: Heard, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.desk.remote.LEAVE_SECONDS", 0.05)
    heard.remote.start()
    connection, _ = listener.accept()
    heard.remote.stop()
    assert "desk" in {thread.name for thread in threading.enumerate()}
    connection.close()
    wait_for(lambda: "desk" not in {thread.name for thread in threading.enumerate()})


def test_a_simulator_without_a_card_reader_is_a_desk_too(heard: Heard, tmp_path: Path) -> None:
    with Process(tmp_path, "--without-card", "--virtual-clock"):
        heard.remote.start()
        wait_for(lambda: heard.desks)
        heard.remote.do("present ada")
        wait_for(lambda: any(said and "card daemon does not run" in said for said in heard.said))
