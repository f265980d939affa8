"""The other end of the control line: sends one line, returns the answer."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds


class NoSimulator(Exception):
    """No simulator answers."""


def send(state: Path, line: str) -> dict[str, Any]:
    """Send a control line to the simulator of a state folder. Raises NoSimulator."""
    if "\n" in line or "\r" in line:
        raise NoSimulator("a command is one line")
    try:
        port = json.loads((state / "sim.json").read_text("utf-8"))["control"]
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(line.encode("utf-8") + b"\n")
            with connection.makefile("r", encoding="utf-8") as answers:
                answer = answers.readline()
    except (OSError, ValueError, KeyError) as error:
        raise NoSimulator(f"no simulator answers in {state}: {error}") from error
    if not answer:
        raise NoSimulator(f"the simulator in {state} ended without an answer")
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        raise NoSimulator(f"the simulator in {state} ended within an answer") from error
    return found
