"""Reads a scenario: which things there are and how the devices are set. All mistakes are reported at once.

Not responsible for what happens then (world, simulator). The form is described in docs/simulator.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sim.faults import Active, FaultError, parse
from sim.firmware import escpos_printer, feig_iso_host, scanner
from sim.images import iso28560_2, iso28560_3
from sim.tags import CHIPS, Chip, Tag
from sim.world import Card, Paper, Thing, World

MODELS = ("iso28560-3", "iso28560-2")
DSFID = {"iso28560-3": 0x3E, "iso28560-2": 0x06}
SHAPES = {1: "book", 2: "disc", 3: "tape"}  # by media format of ISO 28560-3
KINDS = ("item", "blank", "damaged", "half_written", "patron_card")
HALF = 16  # bytes that got written
PATRON_AFI = 0xC2
USAGE_2_PATRON_CARD = 0x80
UID = re.compile(r"E0[0-9A-Fa-f]{14}")
CARD_UID = re.compile(r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14})")
TOP = {"seed", "isil", "armed", "disarmed", "chip", "faults", "pad", "scanner", "printer", "card_reader"}
LISTS = {"item", "thing", "card"}
TAG_KEYS = {"id", "title", "model", "media_format", "isil", "chip", "afi", "dsfid", "eas"}
ITEM_KEYS = TAG_KEYS | {"tags", "on_loan"}
THING_KEYS = TAG_KEYS | {"name", "tag", "kind", "like", "memory", "part", "parts"}
CARD_KEYS = {"name", "uid", "random", "barcode", "title", "pin"}


class ScenarioError(Exception):
    """The scenario has mistakes; ``problems`` names place and mistake of each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class CardReader:
    """``reader``: the name PC/SC shows, without the slot numbers it adds."""

    reader: str = "ACS ACR1252 Dual Reader PICC"


@dataclass(frozen=True, slots=True)
class PrinterSettings:
    """The printer, and the roll it begins with, in lines."""

    columns: int = 42
    baud: int = 38400
    line_time: bool = True
    paper: int = 2000
    low_below: int = 100


@dataclass(frozen=True, slots=True)
class Scenario:
    """All a simulator needs to begin.

    Attributes:
        armed, disarmed: AFI values at the gate.
        barcodes: what a scanner reads on a thing or card, by its name.
        faults: active from the beginning.
    """

    world: World
    armed: int
    disarmed: int
    pad: feig_iso_host.Settings
    scanner: scanner.Settings
    printer: escpos_printer.Settings
    card_reader: CardReader
    barcodes: Mapping[str, str] = field(repr=False)
    faults: tuple[Active, ...]


def read_file(path: Path) -> Scenario:
    """Read a scenario file. Raises ScenarioError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError([f"{path}: cannot be read: {error}"]) from error
    return read(text, str(path))


def read(text: str, name: str = "scenario") -> Scenario:
    """Read a scenario. Raises ScenarioError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"{name}: {error}"]) from error
    return _Reader(document, name).scenario()


class _Reader:
    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self._document = document
        self._name = name
        self._problems: list[str] = []
        self._tags: dict[str, Tag] = {}
        self._things: list[Thing] = []
        self._barcodes: dict[str, str] = {}

    def scenario(self) -> Scenario:
        document = self._document
        self._unknown("", document, TOP | LISTS)
        armed, disarmed = self._byte("", document, "armed", 0x07), self._byte("", document, "disarmed", 0xC2)
        for place, entry in self._entries("item"):
            self._guarded(place, entry, ITEM_KEYS, lambda place, entry: self._item(place, entry, armed, disarmed))
        for place, entry in self._entries("thing"):
            self._guarded(place, entry, THING_KEYS, lambda place, entry: self._thing(place, entry, armed))
        cards = [card for place, entry in self._entries("card") for card in self._card(place, entry)]
        printer = self._settings("printer", PrinterSettings)
        pad = self._settings("pad", feig_iso_host.Settings)
        scanning = self._settings("scanner", scanner.Settings)
        reader = self._settings("card_reader", CardReader)
        faults = tuple(self._faults())
        self._twice("name", [thing.name for thing in self._things] + [card.name for card in cards])
        self._twice("tag UID", [tag.uid.hex().upper() for tag in self._tags.values()])
        seed = self._get("", document, "seed", int, 1)
        if self._problems:
            raise ScenarioError(self._problems)
        paper = Paper(printer.paper, printer.low_below)
        return Scenario(
            world=World(self._things, self._tags.values(), cards, paper, seed),
            armed=armed,
            disarmed=disarmed,
            pad=pad,
            scanner=scanning,
            printer=escpos_printer.Settings(printer.columns, printer.baud, printer.line_time),
            card_reader=reader,
            barcodes=self._barcodes,
            faults=faults,
        )

    # --- mistakes -----------------------------------------------------------------------------------------------------

    def _bad(self, place: str, what: str) -> None:
        self._problems.append(f"{self._name}: {place}: {what}" if place else f"{self._name}: {what}")

    def _unknown(self, place: str, entry: Mapping[str, Any], known: set[str]) -> None:
        for key in sorted(set(entry) - known):
            self._bad(place, f"{key!r} is not known here; known are {', '.join(sorted(known))}")

    def _twice(self, what: str, values: list[str]) -> None:
        for value in sorted({value for value in values if values.count(value) > 1}):
            self._bad("", f"{what} {value} is there more than once")

    def _get(self, place: str, entry: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
        value = entry.get(key, default)
        if value is default or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
            return value
        self._bad(place, f"{key} must be {_KIND_NAMES[kind]}, not {value!r}")
        return default

    def _byte(self, place: str, entry: Mapping[str, Any], key: str, default: int) -> int:
        value = int(self._get(place, entry, key, int, default))
        if not 0 <= value <= 0xFF:
            self._bad(place, f"{key} must be a byte, 0 to 0xFF, not {value}")
            return default
        return value

    def _entries(self, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        entries = self._get("", self._document, key, list, [])
        for number, entry in enumerate(entries, 1):
            if isinstance(entry, dict):
                yield f"[[{key}]] number {number}", entry
            else:
                self._bad(f"[[{key}]] number {number}", "must be a table")

    def _guarded(self, place: str, entry: Mapping[str, Any], known: set[str], build: Any) -> None:
        self._unknown(place, entry, known)
        try:
            build(place, entry)
        except ValueError as error:
            self._bad(place, str(error))

    # --- settings of devices ------------------------------------------------------------------------------------------

    def _settings(self, key: str, kind: Any) -> Any:
        table = self._get("", self._document, key, dict, {})
        known = {field.name: field for field in fields(kind) if field.name != "information"}
        self._unknown(f"[{key}]", table, set(known))
        given: dict[str, Any] = {}
        for name in known:
            if name not in table:
                continue
            default = getattr(kind(), name)
            wanted = int if name == "page" else type(default)
            value = table[name]
            if wanted is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            given[name] = self._get(f"[{key}]", {name: value}, name, wanted, default)
        for name, value in given.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value < (name in POSITIVE):
                self._bad(f"[{key}]", f"{name} must be {'from 1 on' if name in POSITIVE else 'not negative'}: {value}")
        return kind(**given)

    def _faults(self) -> Iterator[Active]:
        for number, line in enumerate(self._get("", self._document, "faults", list, []), 1):
            try:
                yield parse(str(line).split())
            except FaultError as error:
                self._bad(f"faults, number {number}", str(error))

    # --- things -------------------------------------------------------------------------------------------------------

    def _chip(self, entry: Mapping[str, Any]) -> Chip:
        name = entry.get("chip", self._document.get("chip", "slix"))
        if name not in CHIPS:
            raise ValueError(f"there is no chip {name!r}; there are {', '.join(CHIPS)}")
        return CHIPS[name]

    def _uid(self, value: Any, chip: Chip) -> bytes:
        if not isinstance(value, str) or not UID.fullmatch(value):
            raise ValueError(f"a tag's UID is 16 hex digits beginning with E0, not {value!r}")
        uid = bytes.fromhex(value)
        if uid[1] != chip.manufacturer:
            raise ValueError(f"UID {value} is of manufacturer {uid[1]:02X}, the chip of {chip.manufacturer:02X}")
        return uid

    def _model(self, place: str, entry: Mapping[str, Any]) -> str:
        model = str(self._get(place, entry, "model", str, MODELS[0]))
        if model not in MODELS:
            raise ValueError(f"there is no data model {model!r}; there are {', '.join(MODELS)}")
        return model

    def _image(self, place: str, entry: Mapping[str, Any], part: int, parts: int, patron: bool = False) -> bytes:
        chip, item = self._chip(entry), self._get(place, entry, "id", str, None)
        if not item:
            raise ValueError("id is missing")
        isil = self._get(place, entry, "isil", str, self._document.get("isil"))
        if not isinstance(isil, str):
            raise ValueError("isil is missing, here and at the top")
        memory = chip.blocks * chip.block_size
        if self._model(place, entry) == "iso28560-2":
            usage = USAGE_2_PATRON_CARD if patron else iso28560_2.USAGE_CIRCULATING
            return iso28560_2.image(item, part, parts, isil, usage=usage, memory=memory)
        usage = iso28560_3.USAGE_PATRON_CARD if patron else iso28560_3.USAGE_CIRCULATION
        media = self._get(place, entry, "media_format", int, None)
        return iso28560_3.image(item, part, parts, isil, usage=usage, media_format=media, memory=memory)

    def _add(self, place: str, entry: Mapping[str, Any], name: str, tags: list[Tag]) -> None:
        title = str(self._get(place, entry, "title", str, ""))
        shape = SHAPES.get(self._get(place, entry, "media_format", int, 1), "box")
        self._things.append(Thing(name, title, tuple(tag.name for tag in tags), shape))
        self._tags.update((tag.name, tag) for tag in tags)

    def _item(self, place: str, entry: Mapping[str, Any], armed: int, disarmed: int) -> None:
        item = str(self._get(place, entry, "id", str, ""))
        uids = self._get(place, entry, "tags", list, [])
        if not uids:
            raise ValueError("tags must name the UID of one tag at least")
        on_loan = self._get(place, entry, "on_loan", bool, False)
        afi = self._byte(place, entry, "afi", disarmed if on_loan else armed)
        dsfid = self._byte(place, entry, "dsfid", DSFID[self._model(place, entry)])
        eas = bool(self._get(place, entry, "eas", bool, False))
        chip = self._chip(entry)
        tags = []
        for part, value in enumerate(uids, 1):
            memory = bytearray(self._image(place, entry, part, len(uids)))
            tags.append(Tag(f"{item}/{part}", self._uid(value, chip), memory, chip, dsfid, afi, eas))
        self._add(place, entry, item, tags)
        self._barcodes[item] = item

    def _thing(self, place: str, entry: Mapping[str, Any], armed: int) -> None:
        name, kind = str(self._get(place, entry, "name", str, "")), self._get(place, entry, "kind", str, "item")
        if not name:
            raise ValueError("name is missing")
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
        chip = self._chip(entry)
        memory, dsfid, afi = self._thing_memory(place, entry, kind, chip, armed)
        afi, dsfid = self._byte(place, entry, "afi", afi), self._byte(place, entry, "dsfid", dsfid)
        eas = bool(self._get(place, entry, "eas", bool, False))
        tag = Tag(f"{name}/1", self._uid(entry.get("tag"), chip), bytearray(memory), chip, dsfid, afi, eas)
        tag.damage(kind == "damaged")
        self._add(place, entry, name, [tag])
        if "id" in entry:
            self._barcodes[name] = str(entry["id"])

    def _thing_memory(
        self, place: str, entry: Mapping[str, Any], kind: str, chip: Chip, armed: int
    ) -> tuple[bytes, int, int]:
        """(memory, DSFID, AFI) of a stray thing."""
        size = chip.blocks * chip.block_size
        if kind == "blank":
            return bytes(size), 0, 0
        if "memory" in entry:
            return bytes.fromhex(str(entry["memory"])).ljust(size, b"\x00"), 0, armed
        if "like" in entry:
            like = self._tags.get(str(entry["like"]))
            if like is None:
                raise ValueError(f"like: there is no tag {entry['like']!r} before it")
            image, dsfid = bytes(like.memory), like.dsfid
        else:
            part, parts = (int(self._get(place, entry, key, int, 1)) for key in ("part", "parts"))
            image = self._image(place, entry, part, parts, patron=kind == "patron_card")
            dsfid = DSFID[self._model(place, entry)]
        if kind == "half_written":
            image = image[:HALF].ljust(size, b"\x00")
        return image, dsfid, PATRON_AFI if kind == "patron_card" else armed

    def _card(self, place: str, entry: Mapping[str, Any]) -> Iterator[Card]:
        self._unknown(place, entry, CARD_KEYS)
        name, uid = self._get(place, entry, "name", str, ""), entry.get("uid")
        chance = bool(self._get(place, entry, "random", bool, False))
        if not name:
            self._bad(place, "name is missing")
        elif chance == (uid is not None):
            self._bad(place, "either uid, or random = true")
        elif uid is not None and not (isinstance(uid, str) and CARD_UID.fullmatch(uid)):
            self._bad(place, "uid must be 8 or 14 hex digits")
        else:
            if barcode := self._get(place, entry, "barcode", str, ""):
                self._barcodes[name] = barcode
            title, pin = (self._get(place, entry, key, str, "") for key in ("title", "pin"))
            yield Card(name, bytes.fromhex(uid) if uid else None, title or name, pin)


POSITIVE = frozenset({"baud", "columns", "page"})
_KIND_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
