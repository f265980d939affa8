"""Machine settings: the document a machine is told, and as staff see and make them (design 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

import wording
from circulation import machine_settings
from circulation.api import policy_models as m
from circulation.api.access import TheMachine, TheService
from circulation.api.models import Code
from circulation.api.staff_access import MachineStaff
from circulation.api.staff_problems import language_of
from circulation.api.staff_values import Language, in_every_language
from circulation.api.tagged import NOT_MODIFIED, IfNoneMatch, tagged
from circulation.domain import policy
from circulation.domain.policy import Policy, Setting
from circulation.machine_settings import SettingsWrongError, Shown

router = APIRouter(tags=["machine"])
staff_router = APIRouter(prefix="/staff", tags=["machines"])
WRONG: dict[int | str, dict[str, Any]] = {422: {"model": m.SettingsProblem, "description": "something is wrong in it"}}


@router.get("/settings", response_model=m.MachineSettings, responses=NOT_MODIFIED)
def settings(service: TheService, machine: TheMachine, if_none_match: IfNoneMatch = None) -> Response:
    """What this machine is to be like: time-outs, languages, words, colour, hours."""
    return tagged(machine_settings.document(service, machine), if_none_match)


# --- staff ------------------------------------------------------------------------------------------------------------


@staff_router.get("/machine-settings")
def kinds(staff: MachineStaff) -> m.SettingKinds:
    """Every setting there is, with its bounds and what it means."""
    return m.SettingKinds(
        settings=[_kind(one) for one in policy.SETTINGS.values()],
        languages=list(wording.languages()),
        accents={name: m.AccentColour(**asdict(accent)) for name, accent in policy.ACCENTS.items()},
    )


def _kind(setting: Setting) -> m.SettingKind:
    numeric = setting.type in (policy.Type.SECONDS, policy.Type.NUMBER)
    return m.SettingKind(
        name=setting.name,
        type=setting.type,
        default=_plain(setting.default),
        least=setting.least if numeric else None,
        most=setting.most if numeric else None,
        choices=list(setting.choices),
        names=in_every_language(f"policy.name.{setting.name}"),
        meanings=in_every_language(f"policy.meaning.{setting.name}"),
    )


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


@staff_router.get("/organisations/{organisation}/machine-settings")
def of_organisation(organisation: Code, service: TheService, staff: MachineStaff) -> m.MachineSettingsShown:
    """Settings of the machines of an organisation and those below it, and where each comes from."""
    return _shown(machine_settings.of_organisation(service, organisation))


@staff_router.put("/organisations/{organisation}/machine-settings", responses=WRONG)
def set_organisation(
    organisation: Code,
    body: m.MachineSettingsAsked,
    service: TheService,
    staff: MachineStaff,
    language: Language = "en",
) -> m.MachineSettingsShown:
    """Replace what an organisation says itself; every mistake is told with its place."""
    return _shown(machine_settings.set_organisation(service, staff.name, organisation, body.settings))


@staff_router.get("/machines/{machine}/settings")
def of_machine(machine: Code, service: TheService, staff: MachineStaff) -> m.MachineSettingsShown:
    """Settings of one machine, and where each comes from."""
    return _shown(machine_settings.of_machine(service, machine))


@staff_router.put("/machines/{machine}/settings", responses=WRONG)
def set_machine(
    machine: Code, body: m.MachineSettingsAsked, service: TheService, staff: MachineStaff, language: Language = "en"
) -> m.MachineSettingsShown:
    """Replace what one machine says itself; every mistake is told with its place."""
    return _shown(machine_settings.set_machine(service, staff.name, machine, body.settings))


def _shown(found: Shown) -> m.MachineSettingsShown:
    return m.MachineSettingsShown(own=dict(found.own), inherited=_held(found.inherited), holds=_held(found.holds))


def _held(found: Policy) -> m.Held:
    return m.Held(
        values={name: _value(one) for name, one in found.values.items()},
        texts={code: {at: _value(one) for at, one in by.items()} for code, by in found.texts.items()},
    )


def _value(one: policy.Held) -> m.HeldValue:
    return m.HeldValue(value=_plain(one.value), source=m.Source(kind=one.source.kind, id=one.source.id))


def settings_wrong(request: Request, error: Exception) -> Response:
    """The answer to settings no machine could use."""
    if not isinstance(error, SettingsWrongError):
        raise error
    said = language_of(request)
    told = [
        m.SettingMistake(
            place=one.place,
            code=one.code,
            text=wording.say_staff(f"policy.wrong.{one.code}", one.params, said),
        )
        for one in error.mistakes
    ]
    body = m.SettingsProblem(error=error.code, detail=error.detail, place=error.place, mistakes=told)
    return JSONResponse(body.model_dump(mode="json"), status_code=error.status)


HANDLERS = {SettingsWrongError: settings_wrong}
