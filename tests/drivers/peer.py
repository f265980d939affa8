"""The simulator as a process of its own, for tests of drivers: nothing of it is imported but its command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.waiting import wait_for


class Peer:
    """A running simulator; ``say`` sends a control line."""

    def __init__(self, folder: Path, card: bool = False) -> None:
        self._folder = folder
        state = folder / "sim"
        command = [sys.executable, "-m", "sim", "serve", "--state", str(state), "--virtual-clock"]
        self._log = (folder / "sim.log").open("wb")
        self._process = subprocess.Popen(
            command if card else [*command, "--without-card"], stdout=self._log, stderr=self._log, env={**os.environ}
        )
        ready = state / "sim.json"
        wait_for(lambda: ready.exists() or self._process.poll() is not None, 20)
        assert self._process.poll() is None, (folder / "sim.log").read_text("utf-8")
        self.wires: dict[str, Any] = json.loads(ready.read_text("utf-8"))

    def say(self, line: str) -> dict[str, Any]:
        with socket.create_connection(("127.0.0.1", self.wires["control"]), 10) as connection:
            connection.sendall(line.encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        assert answer["ok"], answer
        return answer

    def security(self, name: str) -> str:
        (tag,) = [tag for tag in self.say("tags")["tags"] if tag["name"] == f"{name}/1"]
        return str(tag["security"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
