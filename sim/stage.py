"""A whole library in one folder: starts and stops the shipped programs by command line, and waits by asking them.

Central service, simulator and one machine, each a process of its own, on free ports, unchanged. Used by demo, wire
tests and benchmarks. It ends its own children only. Not responsible for what is played on it.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sim import hands
from sim.client import NoSimulator, send
from sim.program import Program

BRANCH = "N1"
DATABASE = "circulation.db"
START_SECONDS = 40.0
ORDER_SECONDS = 20.0
MOST_SCREENS = 2000

Screen = dict[str, Any]


class StageError(Exception):
    """A program did not do what was waited for; tells the end of its log."""


@dataclass(frozen=True, slots=True)
class Machine:
    """How the machine is run.

    Attributes:
        command: its program, before ``--config``.
        hands: a choice, its fields and the screen shown -> lines for the program.
        answers: whether the program answers each line.
    """

    command: tuple[str, ...]
    hands: Callable[[str, Mapping[str, Any], Mapping[str, Any]], tuple[Mapping[str, object], ...]]
    answers: bool


MACHINES: Mapping[str, Machine] = {
    "headless": Machine(("kiosk", "headless"), hands.chosen, answers=False),
    "demo": Machine(("ui.main", "demo"), hands.touched, answers=True),
}


def states(screen: Screen) -> dict[str, str]:
    """Row states of a screen by key."""
    return {row["key"]: row["state"] for row in screen.get("rows", [])}


def _url(database: Path) -> str:
    return f"sqlite:///{database}"


class Stage:
    """The programs on stage; a context manager.

    Args:
        folder: state of everything; made if it is not there.
        kiosk: more settings for the machine, section -> lines of TOML; taken up when it is started.
        kiosk_env: more environment for the machine's process, e.g. for libfaketime.
        virtual_clock: the simulator counts air and line time instead of waiting for it.
        machine: how to run the machine, one of MACHINES; None leaves that to the caller.
        library: folder of a stage that has ended, to begin with a copy of its library and enrolled machine; None makes
            them anew.
    """

    def __init__(
        self,
        folder: Path,
        kiosk: Mapping[str, Sequence[str]] | None = None,
        kiosk_env: Mapping[str, str] | None = None,
        virtual_clock: bool = False,
        machine: str | None = "headless",
        library: Path | None = None,
    ) -> None:
        self.folder = folder
        self.database = folder / DATABASE
        self.config = folder / "kiosk.toml"
        self.screens: list[Screen] = []
        self.said: Callable[[str], None] = lambda text: None
        self.kiosk_settings = dict(kiosk or {})
        self._kiosk_env = kiosk_env or {}
        self._virtual_clock = virtual_clock
        self._library = library
        self._machine = MACHINES[machine] if machine else None
        self._central: Program | None = None
        self._simulator: Program | None = None
        self._kiosk: Program | None = None
        self._central_port = 0
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    # --- life ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Stage:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything, in order, waiting for each by asking it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        code = self._fill()
        self.said("starting the central service")
        self.restart_central()
        self.said("plugging in the simulated pad, card reader, scanner and printer")
        self._start_simulator()
        self.write_config()
        if code is not None:
            self.said("enrolling the machine with a one-time code")
            self.run("kiosk", "enrol", self._proxy, code, "--config", str(self.config))
        if self._machine is not None:
            self.said("starting the machine")
            self.restart_kiosk()

    def _fill(self) -> str | None:
        """Have a filled library; the code that enrols its machine, None where that is done."""
        if self._library is not None:
            shutil.copytree(
                self._library, self.folder, ignore=shutil.ignore_patterns("sim", "*.log"), dirs_exist_ok=True
            )
            return None
        self.said("filling the demo library")
        made = self.run("circulation", "demo-data", "--machine-branch", BRANCH)
        code = re.search(r"enrolment code: (\w+)", made)
        if code is None:
            raise StageError(f"no enrolment code in: {made}")
        return code[1]

    def stop(self) -> None:
        """End the children, the machine first."""
        for program in (self._kiosk, self._simulator, self._central):
            if program is not None:
                program.stop()
        self._kiosk = self._simulator = self._central = None

    def env(self) -> dict[str, str]:
        """What a program needs in its environment to be on this stage."""
        found = {"CIRCULATION_DATABASE": _url(self.database), "SIM_STATE": str(self.folder / "sim")}
        ready = self.folder / "sim" / "sim.json"
        if ready.exists():
            socket_path = json.loads(ready.read_text("utf-8"))["pcsc_socket"]
            if socket_path:
                found["PCSCLITE_CSOCK_NAME"] = socket_path
        return found

    @property
    def central_url(self) -> str:
        """Where the central service listens, past the simulated network between it and the machine."""
        return self._central_url

    def run(self, *command: str) -> str:
        """Run one command to its end; what it printed. Raises StageError where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env={**os.environ, **self.env(), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        if done.returncode:
            raise StageError(f"{' '.join(command[:2])} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    # --- the programs -------------------------------------------------------------------------------------------------

    def restart_central(self) -> None:
        """Start the central service; on the port it had before, if it had one."""
        ready = self.folder / "central.json"
        ready.unlink(missing_ok=True)
        command = ("circulation", "serve", "--port", str(self._central_port), "--ready-file", str(ready))
        self._central = Program("central", command, self.folder, self.env())
        url = self._ready_file(ready, self._central)["url"]
        self._central_port = int(str(url).rsplit(":", 1)[1])
        self._central_url = str(url)

    def kill_central(self, number: int = signal.SIGKILL) -> None:
        """Kill the central service."""
        if self._central is not None:
            self._central.kill(number)

    def _start_simulator(self) -> None:
        state = self.folder / "sim"
        clock = ("--virtual-clock",) if self._virtual_clock else ()
        command = ("sim", "serve", "--state", str(state), "--central", self._central_url, *clock)
        self._simulator = Program("simulator", command, self.folder, {})
        self._wires = self._ready_file(state / "sim.json", self._simulator)
        self._proxy = str(self._wires["proxy"])

    def restart_kiosk(self, shows: str = "Start") -> None:
        """Start the machine and wait for its start screen, or another."""
        if self._machine is None:
            raise StageError("this stage was told to run no machine")
        self.screens.clear()
        command = (*self._machine.command, "--config", str(self.config))
        self._kiosk = Program("kiosk", command, self.folder, {**self.env(), **self._kiosk_env}, self._heard)
        self.wait_screen(shows, START_SECONDS)

    def kill_kiosk(self, number: int = signal.SIGKILL) -> None:
        """Kill the machine."""
        if self._kiosk is not None:
            self._kiosk.kill(number)

    @property
    def control_port(self) -> int:
        """Where the simulator takes its lines."""
        return int(self._wires["control"])

    def _ready_file(self, file: Path, program: Program) -> dict[str, Any]:
        end = time.monotonic() + START_SECONDS
        while not file.exists():
            if program.code is not None:
                raise StageError(f"{program.name} ended with {program.code}:\n{program.tail()}")
            if time.monotonic() > end:
                raise StageError(f"{program.name} is not ready after {START_SECONDS} s:\n{program.tail()}")
            time.sleep(0.02)
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    def write_config(self) -> None:
        """Write the machine's configuration."""
        wires = self._wires
        sections = {
            "machine": ['name = "Demo machine"', f'state = "{self.folder / "kiosk"}"'],
            "central": [f'url = "{self._proxy}"', "heartbeat_seconds = 1.0", "refresh_seconds = 5.0"],
            "pad": ['driver = "feig_iso_host"', f'port = "{wires["pad"]}"'],
            "card": ['driver = "pcsc"', f'reader = "{wires["card_reader"]}"'],
            "scanner": ['driver = "serial_scanner"', f'port = "{wires["scanner"]}"'],
            "printer": ['driver = "escpos_serial"', f'port = "{wires["printer"]}"', "baud = 38400"],
        }
        for name, lines in self.kiosk_settings.items():
            sections[name] = [*sections.get(name, []), *lines]
        text = "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())
        self.config.write_text(text, "utf-8")

    # --- hands and eyes -----------------------------------------------------------------------------------------------

    def sim(self, line: str) -> dict[str, Any]:
        """Send a line to the simulator.

        Raises:
            StageError: the simulator refuses it.
        """
        try:
            answer = send(self.folder / "sim", line)
        except NoSimulator as error:
            raise StageError(str(error)) from error
        if not answer.get("ok", False):
            raise StageError(f"{line}: {answer}")
        return answer

    def do(self, intent: str, **fields: object) -> None:
        """Choose something on the machine's screen.

        Raises:
            StageError: no machine runs, or what was to be touched is not there.
        """
        if self._machine is None:
            raise StageError("this stage was told to run no machine")
        for line in self._machine.hands(intent, fields, self.screen):
            self.order(**line)

    def order(self, **line: object) -> None:
        """Give the machine one line; one that answers has done it when this returns. Raises StageError."""
        if self._kiosk is None or self._machine is None:
            raise StageError("no machine is running")
        self._kiosk.tell(line)
        if not self._machine.answers:
            return
        try:
            answer = self._answers.get(timeout=ORDER_SECONDS)
        except queue.Empty:
            raise StageError(f"{line} was not answered within {ORDER_SECONDS} s; {self._shown()}") from None
        if "error" in answer:
            raise StageError(f"{line}: {answer['error']}; {self._shown()}")

    def sign_in(self, card: str, pin: str, page: str = "Borrow") -> Screen:
        """Hold a card to the reader, take it away, type its PIN; the screen that follows."""
        self.sim(f"present {card}")
        self.wait_screen("Pin")
        self.sim("remove-card")
        self.do("pin", digits=pin)
        return self.wait_screen(page)

    @property
    def screen(self) -> Screen:
        """The newest screen."""
        return self.screens[-1]

    def wait_screen(
        self,
        name: str | Sequence[str] = (),
        seconds: float = ORDER_SECONDS,
        fits: Callable[[Screen], bool] = lambda screen: True,
    ) -> Screen:
        """Wait until the newest screen has this name, or one of these, and fits.

        Raises:
            StageError: it does not, or the machine ended; tells what is shown instead.
        """
        names = (name,) if isinstance(name, str) else name
        end = time.monotonic() + seconds
        while True:
            if self.screens and (not names or self.screen["screen"] in names) and fits(self.screen):
                return self.screen
            if self._kiosk is not None and self._kiosk.code is not None and self._news.empty():
                raise StageError(f"the machine ended with {self._kiosk.code}:\n{self._kiosk.tail()}")
            left = end - time.monotonic()
            if left <= 0:
                raise StageError(f"{' or '.join(names)} not shown within {seconds} s; {self._shown()}")
            try:
                self._news.get(timeout=min(left, 0.5))
            except queue.Empty:
                continue

    def _shown(self) -> str:
        tail = self._kiosk.tail(5) if self._kiosk is not None else ""
        shown = json.dumps(self.screen, ensure_ascii=False) if self.screens else "nothing"
        return f"shown is {shown}\n{tail}"

    def journal(self) -> dict[str, Any]:
        """What ``kiosk journal --json`` says."""
        found: dict[str, Any] = json.loads(self.run("kiosk", "journal", "--json", "--config", str(self.config)))
        return found

    def _heard(self, line: dict[str, Any]) -> None:
        if "screen" not in line:
            self._answers.put(line)
            return
        self.screens.append(line)
        del self.screens[:-MOST_SCREENS]
        self._news.put(None)
