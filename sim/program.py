"""One program on stage: a child process, its log, and the lines it is given and gives back.

Not responsible for which programs there are (stage) or what a line means (hands).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

STOP_SECONDS = 10.0


class Program:
    """A child process; what it says goes to its log.

    Args:
        name: of its log, in ``folder``.
        command: a module and its arguments.
        env: more environment.
        heard: called with each line of JSON from its standard output, in a thread of its own; without it there are no
            pipes.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        heard: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE if heard else subprocess.DEVNULL,
                stdout=subprocess.PIPE if heard else log,
                stderr=log,
                env={**os.environ, **env},
                start_new_session=True,
            )
        self._reader: threading.Thread | None = None
        if heard is not None and self.process.stdout is not None:
            self._reader = threading.Thread(target=_read, args=(self.process.stdout, heard), name=f"{name} lines")
            self._reader.start()

    @property
    def code(self) -> int | None:
        """What it ended with, None while it runs."""
        return self.process.poll()

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def tell(self, line: Mapping[str, object]) -> None:
        """Give it a line of JSON."""
        if self.process.stdin is not None:
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            self.process.stdin.flush()

    def kill(self, number: int) -> None:
        """Send a signal and wait for the end."""
        if self.code is None:
            self.process.send_signal(number)
        self._wait()

    def stop(self) -> None:
        """End it politely, then not."""
        if self.code is None:
            self.process.terminate()
        self._wait()

    def _wait(self) -> None:
        if self.process.stdin is not None:
            with suppress(OSError):  # the other end has gone; that is what was wanted
                self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()


def _read(lines: IO[bytes], heard: Callable[[dict[str, Any]], None]) -> None:
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            found = {"screen": "NoJson", "line": line.decode("utf-8", "replace")}
        heard(found)
