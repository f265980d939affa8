"""A real card daemon of our own with a virtual reader, and the card side of that reader.

pcscd is started with a socket of ours: it needs no root, is never the system's own, and several may run side by side.
Not responsible for what a card answers (card).
Source: vpcd's protocol: two bytes of length, high byte first, then a control byte or an APDU.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import string
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

CONTROL_OFF, CONTROL_ON, CONTROL_RESET, CONTROL_ATR = b"\x00", b"\x01", b"\x02", b"\x04"
PROGRAM = Path("usr/sbin/pcscd")
DRIVER = Path("usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READY, STOP = 10.0, 3.0  # seconds
CHANGE = 0.6  # seconds between two cards: the daemon looks every 0.4 s and takes a faster change for one card
SYSTEM_FOLDER = b"/run/pcscd"
OWN_FOLDER = "/tmp/{}"  # with five letters of the same length
LETTERS = string.ascii_lowercase + string.digits
LISTENING = "0A"  # state column of /proc/net/tcp


class DaemonMissing(Exception):
    """pcscd or vpcd's driver is not there."""


class DaemonFailed(Exception):
    """pcscd did not come up."""


def find(name: Path, folder: Path) -> Path:
    """A file of the unpacked packages, or of the system."""
    for root in (folder, Path("/")):
        if (root / name).exists():
            return root / name
    raise DaemonMissing(f"{name.name} is neither in {folder} nor on the system; tools/setup.sh unpacks it")


def _listening() -> set[int]:
    ports: set[int] = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
                local, state = line.split()[1], line.split()[3]
                if state == LISTENING:
                    ports.add(int(local.rsplit(":", 1)[1], 16))
    return ports


def two_free_ports() -> int:
    """A TCP port that is free together with the next one: vpcd listens on both."""
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            first = stack.enter_context(socket.socket())
            first.bind(("", 0))
            port = first.getsockname()[1]
            second = stack.enter_context(socket.socket())
            try:
                second.bind(("", port + 1))
            except (OSError, OverflowError):
                continue
            return int(port)
    raise DaemonFailed("no two free TCP ports in a row")


def _new_folder() -> Path:
    """A new folder of our own whose name is as long as the one it stands for."""
    while True:
        folder = Path(OWN_FOLDER.format("".join(secrets.choice(LETTERS) for _ in range(5))))
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder


class CardDaemon:
    """pcscd with one virtual reader.

    Args:
        folder: for its configuration and, if the path is short enough, its socket.
        socket_path: what clients put into PCSCLITE_CSOCK_NAME.
        reader: the reader's name; the daemon adds " 00 00" for its first slot.
        packages: folder with the unpacked packages.
    """

    def __init__(self, folder: Path, socket_path: Path, reader: str, packages: Path) -> None:
        self.socket_path = socket_path
        self.reader_name = f"{reader} 00 00"
        self.port = 0
        self.has_reader = False
        self._folder = folder
        self._reader = reader
        self._program = find(PROGRAM, packages)
        self._driver = find(DRIVER, packages)
        self._process: subprocess.Popen[bytes] | None = None
        self._own_folder: Path | None = None

    @property
    def running(self) -> bool:
        """Whether the daemon lives."""
        return self._process is not None and self._process.poll() is None

    async def start(self, with_reader: bool = True) -> None:
        """Start the daemon, and wait until its reader listens for a card. Raises DaemonFailed."""
        await self.stop()
        self.has_reader = with_reader
        for _ in range(5):
            self.port = two_free_ports()
            self._launch(with_reader)
            if not with_reader or await self._ready():
                return
            await self.stop()
        raise DaemonFailed(f"pcscd did not open its reader; see {self._folder / 'pcscd.log'}")

    def _own_program(self) -> Path:
        """A copy of pcscd that keeps its process id in a folder of ours.

        As it is, it wants /run/pcscd: an ordinary user cannot make that folder, and root would disturb the system's own
        card daemon there.
        """
        self._remove_own_folder()
        self._own_folder = _new_folder()
        copy = self._folder / "pcscd"
        copy.unlink(missing_ok=True)
        copy.write_bytes(self._program.read_bytes().replace(SYSTEM_FOLDER, os.fsencode(self._own_folder)))
        copy.chmod(0o700)
        return copy

    def _remove_own_folder(self) -> None:
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)
        self._own_folder = None

    def _launch(self, with_reader: bool) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "reader.conf"
        lines = [
            f'FRIENDLYNAME "{self._reader}"',
            f"DEVICENAME /dev/null:0x{self.port:04X}",
            f"LIBPATH {self._driver.resolve()}",
            f"CHANNELID 0x{self.port:04X}",
        ]
        configuration.write_text("\n".join(lines) + "\n" if with_reader else "", "ascii")
        self.socket_path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as ours, (self._folder / "pcscd.log").open("ab") as log:
            ours.bind(str(self.socket_path))
            ours.listen(16)
            number = ours.fileno()
            command = [sys.executable, "-m", "sim.wires.activate", str(number), str(self._folder)]
            self._process = subprocess.Popen(
                [*command, str(self._own_program()), "--foreground", "--config", str(configuration)],
                pass_fds=(number,),
                cwd=Path(__file__).parents[2],
                env={"PATH": os.environ.get("PATH", ""), "PCSCLITE_CSOCK_NAME": str(self.socket_path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _ready(self) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + READY
        while loop.time() < end and self.running:
            if {self.port, self.port + 1} <= _listening():
                return True
            await asyncio.sleep(0.01)
        return False

    async def stop(self) -> None:
        """End the daemon. The card must have been taken away before: a daemon that waits for a card hears nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            if not await self._ended(process):
                process.kill()
                await self._ended(process)
        self._remove_own_folder()
        self.socket_path.unlink(missing_ok=True)

    @staticmethod
    async def _ended(process: subprocess.Popen[bytes]) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + STOP
        while process.poll() is None:
            if loop.time() > end:
                return False
            await asyncio.sleep(0.01)
        return True


class Chip(Protocol):
    """What sits in the reader."""

    atr: bytes

    def answer(self, apdu: bytes) -> bytes:
        """Answer one APDU."""
        ...


class CardSlot:
    """The card side of the reader: connected means a card is there.

    Args:
        disturb: given each answer, gives what is really sent; None: the card is pulled away instead.
    """

    def __init__(self, disturb: Callable[[bytes], Awaitable[bytes | None]]) -> None:
        self._disturb = disturb
        self._task: asyncio.Task[None] | None = None
        self._removed = float("-inf")

    @property
    def present(self) -> bool:
        """Whether a card lies on the reader."""
        return self._task is not None and not self._task.done()

    async def present_card(self, chip: Chip, port: int) -> None:
        """Lay a card on the reader that listens on ``port``. Raises OSError if nobody listens there."""
        await self.remove()
        await asyncio.sleep(max(0.0, self._removed + CHANGE - asyncio.get_running_loop().time()))
        line = socket.socket()
        line.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
        except OSError:
            line.close()
            raise
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._task = asyncio.create_task(self._serve(line, chip))

    async def remove(self) -> None:
        """Take the card away."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._removed = asyncio.get_running_loop().time()

    def forget(self) -> None:
        """The daemon is a new one: it never saw the card before."""
        self._removed = float("-inf")

    async def _serve(self, line: socket.socket, chip: Chip) -> None:
        with line, contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                size = int.from_bytes(await self._read(line, 2), "big")
                message = await self._read(line, size)
                answer = await self._react(chip, message)
                if answer is None:
                    return
                if answer:
                    await asyncio.get_running_loop().sock_sendall(line, len(answer).to_bytes(2, "big") + answer)

    async def _react(self, chip: Chip, message: bytes) -> bytes | None:
        if message == CONTROL_ATR:
            return chip.atr
        if len(message) <= 1:
            return b""
        return await self._disturb(chip.answer(message))

    @staticmethod
    async def _read(line: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            # Without this the daemon's two small writes meet a delayed acknowledgement: 44 ms for each APDU.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = await asyncio.get_running_loop().sock_recv(line, size - len(data))
            if not piece:
                raise ConnectionResetError("the daemon closed the reader")
            data += piece
        return data
