"""Enrolment: a one-time code for this machine's key, kept in a file only its owner reads."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from nacl.public import PublicKey, SealedBox

from kiosk.files import replace_file

FILE = "machine.json"


class EnrolmentError(Exception):
    """This machine is not enrolled, or its file cannot be used; says what to do."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the central service gave this machine.

    Attributes:
        url: the service it is enrolled with.
        key: the machine's key.
        owner: ISILs of the library's own items.
        server_public_key: base64; requests in the journal are sealed to it.
    """

    url: str
    machine: str
    key: str = field(repr=False)
    branch: str
    branch_name: str
    library: str
    owner: tuple[str, ...]
    timezone: str
    currency: str
    server_public_key: str

    def __post_init__(self) -> None:
        for part in fields(self):
            if part.name != "owner" and not isinstance(getattr(self, part.name), str):
                raise ValueError(f"{part.name} is not a text")
        if not all(isinstance(isil, str) for isil in self.owner):
            raise ValueError("owner is not a list of texts")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, OSError):
            raise ValueError("timezone is no time zone this computer knows") from None
        try:
            PublicKey(base64.b64decode(self.server_public_key, validate=True))
        except (ValueError, TypeError):
            raise ValueError("server_public_key is no public key") from None

    def seal(self, request: bytes) -> bytes:
        """Seal a request so that only the central service can read it."""
        return SealedBox(PublicKey(base64.b64decode(self.server_public_key))).encrypt(request)


def save(folder: Path, enrolment: Enrolment) -> None:
    """Write the file, readable by its owner only; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / FILE, json.dumps(asdict(enrolment)))


def load(folder: Path) -> Enrolment:
    """Read the file.

    Raises:
        EnrolmentError: there is none, others may read it, or it is damaged.
    """
    path = folder / FILE
    try:
        if path.stat().st_mode & 0o077:
            raise EnrolmentError(f"{path} can be read by others: chmod 600 {path}")
        raw = json.loads(path.read_text("utf-8"))
        return Enrolment(**{**raw, "owner": tuple(raw["owner"])})
    except FileNotFoundError:
        raise EnrolmentError("this machine is not enrolled: kiosk enrol URL CODE --config FILE") from None
    except OSError as error:
        raise EnrolmentError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EnrolmentError(f"{path} is damaged: enrol this machine again with a new code") from None
