"""The machine's configuration file: every mistake at once, each with its line, its key and what to write instead.

Responsible for the device half of the settings (design 8). Not responsible for opening anything it names.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from drivers.devices.registry import DRIVERS, check_keyboard, check_options
from kiosk.central.rest import check_url
from wording import languages

DEVICES = ("pad", "card", "scanner", "printer")
RECEIPT_COLUMNS = 42  # of a printer that is not told otherwise: 80 mm paper
EXAMPLES = {
    "machine": "[machine]",
    "machine.name": 'name = "Main library, entrance"',
    "machine.state": 'state = "/var/lib/kiosk"',
    "central": "[central]",
    "central.url": 'url = "https://circulation.example"',
    "pad": "[pad]",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. ``line``: counted from 1, None where the key is missing."""

    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.key}: {self.text}" if self.key else f"{place}{self.text}"


class ConfigError(Exception):
    """The file cannot be used; ``mistakes`` lists everything that is wrong."""

    def __init__(self, file: Path, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in mistakes))
        self.file = file
        self.mistakes = mistakes


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Machine(_Section):
    """This machine. ``state``: folder of its journal, key and caches."""

    name: str = Field(min_length=1, max_length=200)
    state: str = Field(min_length=1)


class Central(_Section):
    """The central service. ``ca``: file of the authority to verify it with, where it is not one of the system's."""

    url: str
    ca: str | None = None
    heartbeat_seconds: float = Field(default=30.0, ge=0.5, le=3600)
    refresh_seconds: float = Field(default=120.0, ge=1, le=86400)

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        wrong = check_url(value)
        if wrong is not None:
            raise ValueError(wrong)
        return value


class Session(_Section):
    """What a site decides about a session; times in seconds. ``warn_seconds``: at least 20 (WCAG 2.2.1)."""

    idle_seconds: float = Field(default=90.0, ge=5, le=3600)
    warn_seconds: float = Field(default=30.0, ge=20, le=600)
    goodbye_seconds: float = Field(default=8.0, ge=1, le=120)
    asking_seconds: float = Field(default=15.0, ge=1, le=600)
    pad_grace_seconds: float = Field(default=30.0, ge=1, le=3600)
    languages: list[str] = Field(default=["en", "de"], min_length=1)

    @field_validator("languages")
    @classmethod
    def _languages(cls, value: list[str]) -> list[str]:
        for language in value:
            if language not in languages():
                raise ValueError(f"{language!r} is not one of {', '.join(languages())}")
        return value


class Screen(_Section):
    """The window of the touchscreen: the whole display, or a place and size in pixels.

    ``less_motion``: nothing moves, for a computer that draws slowly. Everybody can choose it for themselves.
    """

    fullscreen: bool = True
    width: int = Field(default=1080, ge=320, le=16384)
    height: int = Field(default=1920, ge=320, le=16384)
    left: int = Field(default=0, ge=0, le=16384)
    top: int = Field(default=0, ge=0, le=16384)
    less_motion: bool = False


class _File(_Section):
    machine: Machine
    central: Central
    session: Session = Session()
    screen: Screen = Screen()
    keyboard: dict[str, Any] = {}
    pad: dict[str, Any]
    card: dict[str, Any] | None = None
    scanner: dict[str, Any] | None = None
    printer: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration without mistakes.

    Attributes:
        devices: name -> (driver, its options).
        keyboard: options of a scanner that types like a keyboard.
    """

    machine: Machine
    central: Central
    session: Session
    screen: Screen
    keyboard: Mapping[str, Any]
    devices: Mapping[str, tuple[str, Mapping[str, Any]]]

    @property
    def state(self) -> Path:
        """Folder of journal, key and caches."""
        return Path(self.machine.state)

    @property
    def columns(self) -> int:
        """Letters in a line of the receipt printer."""
        _, options = self.devices.get("printer", ("", {}))
        found: int = options.get("columns", RECEIPT_COLUMNS)
        return found

    @property
    def ca(self) -> Path | None:
        """Authority to verify the central service with."""
        return Path(self.central.ca) if self.central.ca is not None else None


def load(file: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: with every mistake.
    """
    try:
        text = file.read_text("utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(file, [Mistake(None, "", f"cannot be read ({error.strerror})")]) from None
    except UnicodeDecodeError:
        raise ConfigError(file, [Mistake(None, "", "is not text in UTF-8")]) from None
    except RecursionError:
        raise ConfigError(file, [Mistake(None, "", "has too many brackets within one another")]) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ConfigError(file, [Mistake(int(found[1]) if found else None, "", str(error))]) from None
    lines = _lines(text)
    mistakes = []
    checked = None
    try:
        checked = _File(**raw)
    except ValidationError as error:
        mistakes = [_mistake(lines, dict(found)) for found in error.errors()]
    mistakes += _device_mistakes(lines, raw)
    if mistakes or checked is None:
        raise ConfigError(file, sorted(mistakes, key=lambda mistake: mistake.line or 0))
    return Config(
        checked.machine, checked.central, checked.session, checked.screen, checked.keyboard, dict(_devices(raw))
    )


def _devices(raw: Mapping[str, Any]) -> list[tuple[str, tuple[str, Mapping[str, Any]]]]:
    found: list[tuple[str, tuple[str, Mapping[str, Any]]]] = []
    for name in DEVICES:
        section = raw.get(name)
        if isinstance(section, dict):
            options = {key: value for key, value in section.items() if key != "driver"}
            found.append((name, (section.get("driver", ""), options)))
    return found


def _device_mistakes(lines: Mapping[str, int], raw: Mapping[str, Any]) -> list[Mistake]:
    mistakes = []
    for name, (driver, options) in _devices(raw):
        fitting = sorted(known.name for known in DRIVERS.values() if known.section == name)
        if driver not in fitting:
            known = ", ".join(fitting)
            mistakes.append(Mistake(_line(lines, name, "driver"), f"{name}.driver", f"one of {known}"))
            continue
        mistakes += _option_mistakes(lines, name, check_options(driver, options))
    keyboard = raw.get("keyboard")
    if isinstance(keyboard, dict):
        mistakes += _option_mistakes(lines, "keyboard", check_keyboard(keyboard))
    return mistakes


def _option_mistakes(lines: Mapping[str, int], name: str, found: list[tuple[str, str]]) -> list[Mistake]:
    return [Mistake(_line(lines, name, key), f"{name}.{key}", text) for key, text in found]


def _mistake(lines: Mapping[str, int], found: Mapping[str, Any]) -> Mistake:
    place = [str(part) for part in found["loc"]]
    key = ".".join(place)
    line = _line(lines, *place[:2])
    if found["type"] == "extra_forbidden":
        return Mistake(line, key, f"there is no such setting{_meant(place)}")
    if found["type"] == "missing":
        return Mistake(lines.get(place[0]) if len(place) > 1 else None, key, f"is missing; write {EXAMPLES[key]}")
    return Mistake(line, key, str(found["msg"]).removeprefix("Value error, "))


def _meant(place: list[str]) -> str:
    models: dict[str, type[BaseModel]] = {"machine": Machine, "central": Central, "session": Session, "screen": Screen}
    model: type[BaseModel] | None = _File if len(place) == 1 else models.get(place[0])
    known = list(model.model_fields) if model is not None else []
    close = difflib.get_close_matches(place[-1], known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _line(lines: Mapping[str, int], *place: str) -> int | None:
    return lines.get(".".join(place)) or lines.get(place[0])


def _lines(text: str) -> dict[str, int]:
    """Line of each section and key, as far as one line holds one key."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([\w.-]+)", line)
        key = re.match(r"\s*([\w.-]+)\s*=", line)
        if header:
            section = header[1]
            found.setdefault(section, number)
        elif key:
            found.setdefault(f"{section}.{key[1]}" if section else key[1], number)
    return found
