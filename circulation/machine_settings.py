"""The settings of machines as staff make them and as a machine is told them (design 8).

Responsible for who says what where: a machine itself, then its branch and all above it. Not responsible for what can be
said (domain.policy). No machine asks for them yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from circulation import audit
from circulation.domain import policy
from circulation.domain.policy import ACCENT, ACCENTS, LIBRARY_NAME, TEXTS, Level, Mistake, Policy, Source, SourceKind
from circulation.errors import CirculationError
from circulation.machines import KIOSK
from circulation.service import Service, Workplace
from circulation.store import house
from circulation.store import organising as organisations
from circulation.store import policies as store

Own = Mapping[str, Any]
VERSION_LETTERS = 16


class SettingsWrongError(CirculationError):
    """Settings that no machine could use; nothing was stored.

    Attributes:
        mistakes: all of them, each with its place.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        detail = f"mistakes in these settings: {len(mistakes)}; nothing was stored"
        super().__init__("settings_wrong", detail, place=mistakes[0].place)
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Shown:
    """Settings of a place as staff see them.

    Attributes:
        own: what the place says itself.
        inherited: what would hold if it said nothing.
        holds: what holds.
    """

    own: Own
    inherited: Policy
    holds: Policy


# --- reading ----------------------------------------------------------------------------------------------------------


def of_organisation(service: Service, id_: str) -> Shown:
    """Settings of the machines of an organisation and those below it.

    Raises:
        CirculationError: there is no such organisation.
    """
    with service.database.reading() as db:
        return _shown(_organisation(db, id_))


def of_machine(service: Service, id_: str) -> Shown:
    """Settings of one machine.

    Raises:
        CirculationError: there is no such machine.
    """
    with service.database.reading() as db:
        return _shown(_machine(db, id_))


def _shown(levels: Sequence[Level]) -> Shown:
    return Shown(levels[0][1], policy.policy(levels[1:]), policy.policy(levels))


def _organisation(db: Connection, id_: str) -> list[Level]:
    """What an organisation and all above it say, deepest first."""
    tree = house.organisations(db)
    if id_ not in tree.nodes:
        raise CirculationError("not_found", "there is no such organisation", 404)
    own = store.of_organisations(db)
    return [(Source(SourceKind.ORGANISATION, at), own[at]) for at in tree.chain(id_)]


def _machine(db: Connection, id_: str) -> list[Level]:
    """What a machine, its branch and all above it say."""
    row = store.machine(db, id_, KIOSK)
    if row is None:
        raise CirculationError("not_found", "there is no such machine", 404)
    return [(Source(SourceKind.MACHINE, id_), row.policy or {}), *_organisation(db, row.branch)]


def document(service: Service, machine: Workplace) -> dict[str, Any]:
    """What a machine is told, complete; equal settings have the same version."""
    with service.database.reading() as db:
        known = machine.channel == KIOSK
        levels = _machine(db, machine.id) if known else _organisation(db, machine.branch)
        library = house.installation(db).library
    held = policy.policy(levels)
    values = {name: one.value for name, one in held.values.items()}
    accent = ACCENTS[values.pop(ACCENT)]
    settings = {
        **values,
        LIBRARY_NAME: values[LIBRARY_NAME] or library,
        ACCENT: {"light": accent.light, "dark": accent.dark},
        TEXTS: held.plain_texts(),
    }
    content = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    version = hashlib.sha256(content.encode()).hexdigest()[:VERSION_LETTERS]
    return {"version": version, **settings}


# --- changing ---------------------------------------------------------------------------------------------------------


def set_organisation(service: Service, by: str, id_: str, own: Own) -> Shown:
    """Replace what an organisation says itself; what it leaves out it inherits.

    Raises:
        SettingsWrongError: with every mistake.
        CirculationError: there is no such organisation.
    """
    _must_be_right(own)
    with service.database.writing() as db:
        organisations.hold_house(db)
        before = _organisation(db, id_)[0][1]
        organisations.change_organisation(db, id_, {"policy": dict(own)})
        house.changed(db)
        _note(service, db, by, f"organisation {id_}", before, own)
        return _shown(_organisation(db, id_))


def set_machine(service: Service, by: str, id_: str, own: Own) -> Shown:
    """Replace what one machine says itself.

    Raises:
        SettingsWrongError: with every mistake.
        CirculationError: there is no such machine.
    """
    _must_be_right(own)
    with service.database.writing() as db:
        before = _machine(db, id_)[0][1]
        store.set_machine(db, id_, own)
        _note(service, db, by, f"machine {id_}", before, own)
        return _shown(_machine(db, id_))


def _must_be_right(own: Own) -> None:
    found = policy.mistakes(own)
    if found:
        raise SettingsWrongError(found)


def _note(service: Service, db: Connection, by: str, subject: str, before: Own, after: Own) -> None:
    """What was changed stands in the audit log, before and after; what stayed does not."""
    changed = [name for name in policy.SETTINGS if before.get(name, ...) != after.get(name, ...)]
    details = {
        when: {name: own[name] for name in changed if name in own}
        for when, own in (("before", before), ("after", after))
    }
    audit.note(db, service.clock(), by, "machine_settings.change", subject, details)
