"""A simulator in a thread of this process, and in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any

from sim.client import send
from sim.clock import Clock
from sim.control import obey
from sim.scenario import read
from sim.simulator import Simulator, Wiring
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
SCENARIO = """
isil = "DE-Mus1"
[[item]]
id = "30000000000014"
title = "One"
tags = ["E004010046707A28"]
[[item]]
id = "30000000000022"
title = "Two parts"
tags = ["E004010046707A29", "E004010046707A2A"]
on_loan = true
[[thing]]
name = "blank"
kind = "blank"
tag = "E004010046707A2B"
[[card]]
name = "ada"
uid = "04A1B2C3"
barcode = "20000000000014"
[[card]]
name = "ben"
uid = "04A1B2C3D4E5F6"
[[card]]
name = "phone"
random = true
"""


class Running:
    """A simulator whose event loop runs in a thread; without a card daemon."""

    def __init__(self, state: Path, scenario: str = SCENARIO, central: str | None = None, clock: Clock | None = None):
        self._loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator")
        self._thread.start()
        state.mkdir(parents=True, exist_ok=True)
        wiring = Wiring(state, central, clock or Clock(), with_card=False)
        self.simulator = Simulator(read(scenario), wiring)
        self._wait(self.simulator.start())

    def _wait(self, work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(20)

    def do(self, line: str) -> dict[str, Any]:
        """Carry out a control line; it must be fine."""
        answer = self.ask(line)
        assert answer["ok"], answer
        return answer

    def ask(self, line: str) -> dict[str, Any]:
        """Carry out a control line."""
        answer: dict[str, Any] = self._wait(obey(self.simulator, line))
        return answer

    def link(self, device: str) -> str:
        """The port of a device."""
        return str(self.simulator.ports[device].wire.link)

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Process:
    """``python -m sim serve`` with a card daemon."""

    def __init__(self, state: Path, *options: str, scenario: str = SCENARIO) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.state = state
        file = state / "scenario.toml"
        file.write_text(scenario, "utf-8")
        command = [sys.executable, "-m", "sim", "serve", "--state", str(state), "--scenario", str(file), *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def ready(self) -> dict[str, Any]:
        """Wait until it is ready; the content of sim.json."""
        file = self.state / "sim.json"
        wait_for(lambda: file.exists() or self.process.poll() is not None, 20, "the simulator")
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    def do(self, line: str) -> dict[str, Any]:
        """Carry out a control line; it must be fine."""
        answer = send(self.state, line)
        assert answer["ok"], answer
        return answer

    def card_client(self, *words: str) -> list[str]:
        """Run tests/sim/card_client.py against this simulator's daemon; its lines."""
        found = self.ready()
        environment = dict(os.environ, PCSCLITE_CSOCK_NAME=found["pcsc_socket"])
        command = [sys.executable, "-m", "tests.sim.card_client", found["card_reader"], *words]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def __enter__(self) -> Process:
        self.ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
