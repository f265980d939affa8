"""A whole library in one folder: starts and stops the shipped programs by command line, and waits by asking them.

Central service, simulator and one machine, each a process of its own, on free ports, unchanged. Used by demo, wire
tests and benchmarks. It ends its own children only. Not responsible for what is done with them.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sim.client import NoSimulator, send

BRANCH = "N1"
START_SECONDS = 40.0
STOP_SECONDS = 10.0
MOST_SCREENS = 2000

Screen = dict[str, Any]


class StageError(Exception):
    """A program did not do what was waited for; tells the end of its log."""


class Program:
    """One child process with its log."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str], pipes: bool) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log,
                stderr=log,
                env={**os.environ, **env},
                start_new_session=True,
            )

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def kill(self, number: int) -> None:
        """Send a signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self._wait()

    def stop(self) -> None:
        """End it politely, then not."""
        if self.process.poll() is None:
            self.process.terminate()
        self._wait()

    def _wait(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and pipe is self.process.stdin:
                _close(pipe)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # the other end has gone; that is what was wanted


class Stage:
    """The programs on stage; a context manager.

    Args:
        folder: state of everything; made if it is not there.
        kiosk: more settings for the machine, section -> lines of TOML.
        kiosk_env: more environment for the machine's process, e.g. for libfaketime.
        virtual_clock: the simulator counts air and line time instead of waiting for it.
        machine: start the machine headless; False leaves it to the caller (demo with a screen).
    """

    def __init__(
        self,
        folder: Path,
        kiosk: Mapping[str, Sequence[str]] | None = None,
        kiosk_env: Mapping[str, str] | None = None,
        virtual_clock: bool = False,
        machine: bool = True,
    ) -> None:
        self.folder = folder
        self.database = folder / "circulation.db"
        self.config = folder / "kiosk.toml"
        self.screens: list[Screen] = []
        self.said: Callable[[str], None] = lambda text: None
        self._kiosk_settings = kiosk or {}
        self._kiosk_env = kiosk_env or {}
        self._virtual_clock = virtual_clock
        self._with_machine = machine
        self._central: Program | None = None
        self._simulator: Program | None = None
        self._kiosk: Program | None = None
        self._central_port = 0
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None

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
        self.said("filling the demo library")
        made = self.run("circulation", "demo-data", "--machine-branch", BRANCH)
        code = re.search(r"enrolment code: (\w+)", made)
        if code is None:
            raise StageError(f"no enrolment code in: {made}")
        self.said("starting the central service")
        self.restart_central()
        self.said("plugging in the simulated pad, card reader, scanner and printer")
        self._start_simulator()
        self._write_config()
        self.said("enrolling the machine with a one-time code")
        self.run("kiosk", "enrol", self._proxy, code[1], "--config", str(self.config))
        if self._with_machine:
            self.said("starting the machine")
            self.restart_kiosk()

    def stop(self) -> None:
        """End the children, the machine first."""
        for program in (self._kiosk, self._simulator, self._central):
            if program is not None:
                program.stop()
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        for program in (self._kiosk, self._simulator, self._central):
            if program is not None and program.process.stdout is not None:
                program.process.stdout.close()
        self._kiosk = self._simulator = self._central = None

    def env(self) -> dict[str, str]:
        """What a program needs in its environment to be on this stage."""
        found = {"CIRCULATION_DATABASE": f"sqlite:///{self.database}", "SIM_STATE": str(self.folder / "sim")}
        ready = self.folder / "sim" / "sim.json"
        if ready.exists():
            socket_path = json.loads(ready.read_text("utf-8"))["pcsc_socket"]
            if socket_path:
                found["PCSCLITE_CSOCK_NAME"] = socket_path
        return found

    def run(self, *command: str) -> str:
        """Run one command to its end; what it printed.

        Raises:
            StageError: it failed.
        """
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
        self._central = Program("central", command, self.folder, self.env(), pipes=False)
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
        self._simulator = Program("simulator", command, self.folder, {}, pipes=False)
        self._wires = self._ready_file(state / "sim.json", self._simulator)
        self._proxy = str(self._wires["proxy"])

    def restart_kiosk(self) -> None:
        """Start the machine headless and wait for its start screen."""
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        if self._kiosk is not None and self._kiosk.process.stdout is not None:
            self._kiosk.process.stdout.close()
        self.screens.clear()
        command = ("kiosk", "headless", "--config", str(self.config))
        self._kiosk = Program("kiosk", command, self.folder, {**self.env(), **self._kiosk_env}, pipes=True)
        self._reader = threading.Thread(target=self._read, args=(self._kiosk.process.stdout,), name="screens")
        self._reader.start()
        self.wait_screen(lambda screen: screen["screen"] == "Start", START_SECONDS)

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
            if program.process.poll() is not None:
                raise StageError(f"{program.name} ended with {program.process.returncode}:\n{program.tail()}")
            if time.monotonic() > end:
                raise StageError(f"{program.name} is not ready after {START_SECONDS} s:\n{program.tail()}")
            time.sleep(0.02)
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    def _write_config(self) -> None:
        wires = self._wires
        sections = {
            "machine": ['name = "Demo machine"', f'state = "{self.folder / "kiosk"}"'],
            "central": [f'url = "{self._proxy}"', "heartbeat_seconds = 1.0", "refresh_seconds = 5.0"],
            "pad": ['driver = "feig_iso_host"', f'port = "{wires["pad"]}"'],
            "card": ['driver = "pcsc"', f'reader = "{wires["card_reader"]}"'],
            "scanner": ['driver = "serial_scanner"', f'port = "{wires["scanner"]}"'],
            "printer": ['driver = "escpos_serial"', f'port = "{wires["printer"]}"', "baud = 38400"],
        }
        for name, lines in self._kiosk_settings.items():
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

    def intent(self, name: str, **fields: object) -> None:
        """Touch something on the machine's screen."""
        if self._kiosk is None or self._kiosk.process.stdin is None:
            raise StageError("no machine is running headless")
        line = json.dumps({"intent": name, **fields}) + "\n"
        self._kiosk.process.stdin.write(line.encode())
        self._kiosk.process.stdin.flush()

    @property
    def screen(self) -> Screen:
        """The newest screen."""
        return self.screens[-1]

    def wait_screen(self, fits: Callable[[Screen], bool], seconds: float) -> Screen:
        """Wait until the newest screen fits.

        Raises:
            StageError: it does not, or the machine ended; tells what is shown instead.
        """
        end = time.monotonic() + seconds
        while True:
            if self.screens and fits(self.screens[-1]):
                return self.screens[-1]
            if self._kiosk is not None and self._kiosk.process.poll() is not None and self._news.empty():
                raise StageError(f"the machine ended with {self._kiosk.process.returncode}:\n{self._kiosk.tail()}")
            left = end - time.monotonic()
            if left <= 0:
                raise StageError(f"not shown within {seconds} s; instead: {self._shown()}")
            try:
                self._news.get(timeout=min(left, 0.5))
            except queue.Empty:
                continue

    def _shown(self) -> str:
        tail = self._kiosk.tail(5) if self._kiosk is not None else ""
        return f"{json.dumps(self.screens[-1], ensure_ascii=False) if self.screens else 'nothing'}\n{tail}"

    def journal(self) -> dict[str, Any]:
        """What ``kiosk journal --json`` says."""
        found: dict[str, Any] = json.loads(self.run("kiosk", "journal", "--json", "--config", str(self.config)))
        return found

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            try:
                screen = json.loads(line)
            except ValueError:
                screen = {"screen": "NoJson", "line": line.decode("utf-8", "replace")}
            if "screen" in screen:
                self.screens.append(screen)
                del self.screens[:-MOST_SCREENS]
                self._news.put(None)
