"""An ESC/POS receipt printer: prints into lines of text, cuts, reports its status. Pure.

What it prints is kept as text, line by line and receipt by receipt; codes and pictures as a remark in brackets.
Printing takes no time. Not simulated: automatic status back, page mode, user-defined characters, double-byte scripts.
Source: Epson ESC/POS command reference (TM-T88 family).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sim.faults import Reply
from sim.firmware.escpos_commands import Command, Parser
from sim.world import Paper

BITS_PER_BYTE = 10  # 8N1
STATUS_FIXED = 0x12  # bits 1 and 4 of each DLE EOT answer
OFFLINE = 0x08  # DLE EOT 1
COVER_OPEN, PAPER_STOP, ERROR = 0x04, 0x20, 0x40  # DLE EOT 2
CUTTER_ERROR = 0x08  # DLE EOT 3
PAPER_LOW, PAPER_OUT = 0x0C, 0x60  # DLE EOT 4
CODE_PAGES: Mapping[int, str] = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737", 15: "iso8859_7",
    16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 21: "cp874", 32: "cp720", 33: "cp775", 34: "cp855",
    35: "cp861", 36: "cp862", 37: "cp864", 38: "cp869", 39: "iso8859_2", 40: "iso8859_15", 44: "cp1125",
    45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254", 49: "cp1255", 50: "cp1256", 51: "cp1257", 52: "cp1258",
    53: "kz1048",
}  # fmt: skip
QR_MODEL_2, QR_STORE, QR_PRINT = 49, 80, 81  # GS ( k: cn and fn
TAB = 8
MOST_WAITING = 20_000  # commands kept while off-line; further ones are lost


@dataclass(frozen=True, slots=True)
class Settings:
    """``columns``: characters of font A on a line; ``baud``: bits per second."""

    columns: int = 42
    baud: int = 38400
    line_time: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """What is the matter with the printer."""

    paper_out: bool = False
    paper_low: bool = False
    cover_open: bool = False
    cutter: bool = False

    @property
    def stops(self) -> bool:
        """Nothing is printed like this."""
        return self.paper_out or self.cover_open or self.cutter


@dataclass(slots=True)
class _Style:
    code_page: str = "cp437"
    wide: bool = False
    font_b: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """What lies in the tray. ``receipts``: lines of each cut receipt; ``open``: lines since the last cut."""

    receipts: tuple[tuple[str, ...], ...]
    open: tuple[str, ...]


@dataclass(slots=True)
class _Sheet:
    """The receipt that is being printed."""

    lines: list[str] = field(default_factory=list)
    line: str = ""
    width: int = 0


class EscposPrinter:
    """One printer.

    Args:
        settings: see there.
        paper: its roll; each line takes one line of it.
        condition: asked for what the matter is.
        hears: asked before it takes notice of "status" or "print"; False: the bytes are lost.
    """

    def __init__(
        self,
        settings: Settings,
        paper: Paper,
        condition: Callable[[], Condition] = Condition,
        hears: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._settings = settings
        self._paper = paper
        self._condition = condition
        self._hears = hears
        self._parser = Parser()
        self._waiting: deque[Command] = deque()
        self._receipts: list[tuple[str, ...]] = []
        self._sheet = _Sheet()
        self._style = _Style()
        self._qr = b""
        self.unknown = 0

    # --- in and out ---------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[Reply]:
        """Take bytes; say what is answered when (status requests only)."""
        replies: list[Reply] = []
        for command in self._parser.feed(data):
            realtime = command.name.startswith("DLE")
            if not self._hears("status" if realtime else "print"):
                continue
            if realtime:
                replies += self._realtime(command)
            elif len(self._waiting) < MOST_WAITING:
                self._waiting.append(command)
            replies += self.resume()
        return replies

    def resume(self) -> list[Reply]:
        """Print what waits, as far as paper and cover allow."""
        replies: list[Reply] = []
        while self._waiting and not self.condition().stops:
            command = self._waiting.popleft()
            if command.name in ("GS r", "GS I"):
                replies += self._asked(command)
            elif handler := self.HANDLERS.get(command.name):
                handler(self, command.data)
            elif command.name == "unknown":
                self.unknown += 1
        return replies

    def condition(self) -> Condition:
        """What is the matter, the state of the roll included."""
        given = self._condition()
        out = given.paper_out or self._paper.lines <= 0
        low = given.paper_low or out or self._paper.lines <= self._paper.low_below
        return Condition(out, low, given.cover_open, given.cutter)

    def printed(self) -> Printed:
        """All receipts so far."""
        rest = [self._sheet.line] if self._sheet.line else []
        return Printed(tuple(self._receipts), tuple(self._sheet.lines + rest))

    def empty_tray(self) -> None:
        """Take all receipts away."""
        self._receipts.clear()

    def _reply(self, data: bytes) -> Reply:
        settings = self._settings
        return Reply(len(data) * BITS_PER_BYTE / settings.baud if settings.line_time else 0.0, data, "status")

    def _realtime(self, command: Command) -> list[Reply]:
        if command.name != "DLE EOT" or command.data[0] not in (1, 2, 3, 4):
            return []
        now = self.condition()
        bits = {
            1: OFFLINE * now.stops,
            2: COVER_OPEN * now.cover_open | PAPER_STOP * now.paper_out | ERROR * now.cutter,
            3: CUTTER_ERROR * now.cutter,
            4: PAPER_LOW * now.paper_low | PAPER_OUT * now.paper_out,
        }[command.data[0]]
        return [self._reply(bytes([STATUS_FIXED | bits]))]

    def _asked(self, command: Command) -> list[Reply]:
        what = command.data[0]
        if command.name == "GS r":
            now = self.condition()
            return [self._reply(bytes([0x03 * now.paper_low | 0x0C * now.paper_out]))] if what in (1, 49) else []
        answers = {66: b"_EPSON\x00", 67: b"_TM-T88V\x00"}
        return [self._reply(answers[what])] if what in answers else []

    # --- printing -----------------------------------------------------------------------------------------------------

    def _end_line(self) -> None:
        sheet = self._sheet
        sheet.lines.append(sheet.line.rstrip())
        sheet.line, sheet.width = "", 0
        self._paper.lines -= 1

    def _add(self, text: str) -> None:
        style, sheet = self._style, self._sheet
        columns = self._settings.columns * 4 // 3 if style.font_b else self._settings.columns
        step = 2 if style.wide else 1
        for char in text:
            if sheet.width + step > columns:
                self._end_line()
            sheet.line += char
            sheet.width += step

    def _text(self, data: bytes) -> None:
        self._add(data.decode(self._style.code_page, "replace"))

    def _feed(self, _data: bytes) -> None:
        self._end_line()

    def _tab(self, _data: bytes) -> None:
        self._add(" " * (TAB - self._sheet.width % TAB))

    def _feed_lines(self, data: bytes) -> None:
        lines = data[0] - (1 if self._sheet.line else 0)
        if self._sheet.line:
            self._end_line()
        for _ in range(max(0, lines)):
            self._end_line()

    def _feed_dots(self, _data: bytes) -> None:
        if self._sheet.line:
            self._end_line()

    def _remark(self, text: str) -> None:
        self._feed_dots(b"")
        self._sheet.line = f"[{text}]"
        self._end_line()

    def _cut(self, _data: bytes) -> None:
        self._feed_dots(b"")
        lines = self._sheet.lines
        while lines and not lines[-1]:
            lines.pop()
        self._receipts.append(tuple(lines))
        self._sheet = _Sheet()

    def _reset(self, _data: bytes) -> None:
        self._style = _Style()
        self._sheet.line, self._sheet.width = "", 0

    def _page(self, data: bytes) -> None:
        self._style.code_page = CODE_PAGES.get(data[0], "ascii")

    def _mode(self, data: bytes) -> None:
        self._style.font_b, self._style.wide = bool(data[0] & 0x01), bool(data[0] & 0x20)

    def _size(self, data: bytes) -> None:
        self._style.wide = bool(data[0] & 0x70)

    def _font(self, data: bytes) -> None:
        self._style.font_b = data[0] in (1, 49)

    def _barcode(self, data: bytes) -> None:
        code = data[1:].rstrip(b"\x00") if data[0] <= 6 else data[2:]
        self._remark(f"barcode: {code.decode('latin-1')}")

    def _picture(self, data: bytes) -> None:
        width, height = (data[2] + 256 * data[3]) * 8, data[4] + 256 * data[5]
        self._remark(f"picture: {width} x {height}")

    def _bit_image(self, _data: bytes) -> None:
        self._remark("picture")

    def _function(self, data: bytes) -> None:
        if data[:1] != b"k" or data[3:4] != bytes([QR_MODEL_2]):
            return
        if data[4:5] == bytes([QR_STORE]):
            self._qr = data[6:]
        elif data[4:5] == bytes([QR_PRINT]):
            self._remark(f"QR: {self._qr.decode('utf-8', 'replace')}")

    HANDLERS: ClassVar[Mapping[str, Callable[[EscposPrinter, bytes], None]]] = {
        "text": _text,
        "LF": _feed,
        "HT": _tab,
        "ESC d": _feed_lines,
        "ESC J": _feed_dots,
        "GS V": _cut,
        "ESC i": _cut,
        "ESC m": _cut,
        "ESC @": _reset,
        "ESC t": _page,
        "ESC !": _mode,
        "GS !": _size,
        "ESC M": _font,
        "GS k": _barcode,
        "GS v": _picture,
        "ESC *": _bit_image,
        "GS (": _function,
    }
