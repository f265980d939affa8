"""Runs a simulator in this process until it is told to end."""

from __future__ import annotations

import asyncio
import selectors
import signal
from collections.abc import Callable
from pathlib import Path

from sim.control import ControlServer
from sim.scenario import read_file
from sim.simulator import Simulator, Wiring


def serve(scenario: Path, wiring: Wiring, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        scenario: file with the things and settings.
        wiring: see there; its folder is made.
        ready: called once with a line for people.

    Raises:
        ScenarioError: the file has mistakes.
        DaemonMissing, DaemonFailed: there is no card daemon.
        OSError: a port or file could not be made.
    """
    # select() takes microseconds; the usual selectors round up to a millisecond, which a wire's timing would show.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(_serve(scenario, wiring, ready))


async def _serve(scenario: Path, wiring: Wiring, ready: Callable[[str], None]) -> None:
    wiring.state.mkdir(parents=True, exist_ok=True)
    (wiring.state / "sim.json").unlink(missing_ok=True)
    simulator = Simulator(read_file(scenario), wiring)
    control = ControlServer(simulator)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await simulator.start()
        await control.start()
        simulator.write_ready(control.port)
        ready(f"simulator ready, control port {control.port}, state in {wiring.state}")
        await ended.wait()
    finally:
        await control.stop()
        await simulator.stop()
