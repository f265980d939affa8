"""Documents of machines as staff see them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from circulation.api.models import Answer, Asked, Code, Whole


class StaffMachine(Answer):
    """A machine as it was last heard of. ``alarm_at``: when too many wrong PINs were tried there."""

    id: str
    name: str
    branch: str
    channel: str
    enrolled_at: datetime
    seen_at: datetime | None
    version: str | None
    rules: int | None
    devices: dict[str, str]
    clock_trusted: bool | None
    alarm_at: datetime | None
    doubts: Whole


class StaffMachines(Answer):
    """All machines."""

    machines: list[StaffMachine]


class CodeAsked(Asked):
    """A one-time code for a machine, or for a portal."""

    branch: Code
    channel: Literal["kiosk", "web"] = "kiosk"


class CodeAnswer(Answer):
    """A one-time enrolment code."""

    code: str
    expires: datetime


class StaffDoubt(Answer):
    """An item whose security bit may be wrong."""

    item: str
    title: str | None
    machine: str
    wanted: str
    last: str | None
    since: datetime
    cleared: bool


class StaffDoubts(Answer):
    """All items in doubt, oldest first."""

    doubts: list[StaffDoubt]


class DoubtCleared(Asked):
    """An item staff have looked at."""

    item: Code
