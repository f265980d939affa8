"""Reading a file of cases. What is not known in it is an error that names the place, never skipped."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FORMAT = "cases/1"
Facts = Mapping[str, Any]

_TRY = "channel branch patron item comment settings variant only_world"
INPUTS: Mapping[str, frozenset[str]] = {
    action: frozenset(names.split())
    for action, names in {
        "add_closing": "branch day move_loans user",
        "advice": "kind",
        "all_scheduled_runs": "until",
        "borrow_until_refused": "branch only_world patron sequence",
        "cancel_reservation": "by reservation",
        "charge": "amount fee patron",
        "check_task": "days schedule",
        "checkout": f"{_TRY} loan offline user",
        "checkout_with_draft": "branch channel item patron",
        "daily_run": "settings task time until variant what",
        "dry_run": "task what",
        "edit_rule_view": "rule",
        "explain": "audience of",
        "export_csv": "keep_as",
        "export_toml": "keep_as",
        "import_csv": "document only_world prefix_bom",
        "import_toml": "document only_world",
        "list_rules": "kind organisation",
        "monthly_report": "months",
        "nightly_jobs": "",
        "override": "branch channel item patron reason user",
        "pay": "amount patron towards",
        "publish": "rules",
        "publish_check": "only",
        "put_on_hold_shelf": "branch items",
        "reconnect": "branch",
        "renew": "branch channel comment loan only_world settings variant",
        "replay_s1_to_s8": "settings variant",
        "reserve": "branch channel patron pickup settings title variant",
        "return": "branch channel comment loan settings variant",
        "return_then_borrow": "borrow branch comment patron returns",
        "run": "by_hand comment settings task variant what",
        "scan_in": "branch item",
        "show_account": "branch patron",
        "show_loan": "loan",
        "start_after_being_off": "comment off_since variant",
        "what_if": "branch channel date do item patron rules",
    }.items()
}
WORLD = frozenset(
    {
        *("branches", "calendar", "departments", "items", "loans", "mail_server", "media_types", "note"),
        *("org_settings", "patron_categories", "patrons", "reservations", "staff", "tasks"),
    }
)
REPLAY = "replay_s1_to_s8"  # plays steps of the same case anew, always on a fresh copy of the world
REPLAYED = frozenset(f"s{number}" for number in range(1, 9))
ALLOWED_INPUT_ANYWHERE = frozenset({"variant", "only_world", "settings", "comment"})


class CaseError(Exception):
    """A case that cannot be played as it is written."""


@dataclass(frozen=True, slots=True)
class Step:
    """One dated action.

    Attributes:
        at: in the time zone of the file, unless it says another.
        wrong: why it cannot be played, "" if it can.
    """

    id: str
    at: datetime
    action: str
    inputs: Facts
    wrong: str = ""

    @property
    def apart(self) -> bool:
        """It runs on a fresh copy of the world."""
        return bool(self.inputs.get("variant") or self.inputs.get("only_world")) or self.action == REPLAY


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        documents: everything else of it, rule documents and CSV texts by name.
        wrong: why it cannot be played, "" if it can.
    """

    id: str
    title: str
    documents: Mapping[str, str]
    world: Facts
    steps: tuple[Step, ...]
    expect: Mapping[str, Facts]
    unclear: Mapping[str, Facts] = field(default_factory=dict)
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All cases of a file with what holds for all of them."""

    timezone: str
    age_groups: Mapping[str, tuple[int, int]]
    patron_categories: tuple[str, ...]
    media_types: tuple[str, ...]
    cases: tuple[Case, ...]


def read(path: Path) -> CaseFile:
    """Read a file of cases; an action, input or part of a world that is not known is noted where it stands.

    Raises:
        CaseError: it is no such file, or a case in it has no id, world or steps.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CaseError(f"{path}: {error}") from None
    if raw.get("format") != FORMAT:
        raise CaseError(f"{path}: the format is not {FORMAT}")
    try:
        return _file(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CaseError(f"{path}: {type(error).__name__}: {error}") from None


def _file(raw: Facts) -> CaseFile:
    groups = {name: (least, most) for name, (least, most) in raw["age_groups"].items()}
    cases = tuple(_case(case, ZoneInfo(raw["timezone"])) for case in raw["case"])
    return CaseFile(raw["timezone"], groups, tuple(raw["patron_categories"]), tuple(raw["media_types"]), cases)


def _case(raw: Facts, zone: ZoneInfo) -> Case:
    id_ = raw["id"]
    unknown = set(raw["world"]) - WORLD
    wrong = f"{id_}: the world holds unknown {', '.join(sorted(unknown))}" if unknown else ""
    steps = tuple(_step(id_, step, zone) for step in raw["steps"])
    documents = {key: value for key, value in raw.items() if key.startswith(("rules", "csv", "toml"))}
    expected = (raw.get("expect", {}), raw.get("expect_unclear", {}))
    return Case(id_, raw["title"], documents, raw["world"], steps, *expected, wrong)


def _step(case: str, raw: Facts, zone: ZoneInfo) -> Step:
    place = f"{case}.{raw['id']}"
    action, inputs = raw["action"], raw.get("inputs", {})
    unknown = set(inputs) - INPUTS.get(action, frozenset()) - ALLOWED_INPUT_ANYWHERE
    wrong = ""
    if action not in INPUTS:
        wrong = f"{place}: unknown action {action!r}"
    elif unknown:
        wrong = f"{place}: {action} has no input {', '.join(sorted(unknown))}"
    at: datetime = raw["at"]
    return Step(raw["id"], at if at.tzinfo is not None else at.replace(tzinfo=zone), action, inputs, wrong)
