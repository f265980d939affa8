"""What the library wants of its machines: time-outs, languages, words, hours; of an organisation or of one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

import wording
from circulation import machine_settings, machines
from circulation.domain.policy import HOURS, SETTINGS, TEXTS, WEEKDAY_KEYS, Mistake, Source, SourceKind
from circulation.errors import CirculationError
from circulation.machine_settings import SettingsWrongError, Shown
from circulation.staff import days, policy_form
from circulation.staff.page import MachinesPage, Page, TheForm
from circulation.staff.pages.calendar import in_order
from circulation.store import house

router = APIRouter()
MOST_FOUND = 40  # sentences shown of a search
TEXT = "text_"  # before the language
Load = Callable[..., Shown]


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation or a machine that may say something.

    Attributes:
        path: of its settings, below /staff.
    """

    id: str
    name: str
    path: str
    load: Load
    save: Load


def _organisation(page: Page, id_: str) -> Place:
    with page.reading() as db:
        names = page.names(db)
    name = names.get(id_, id_)  # one that is not there is found out when it is loaded
    path = f"/machine-settings/{id_}"
    return Place(id_, name, path, machine_settings.of_organisation, machine_settings.set_organisation)


def _machine(page: Page, id_: str) -> Place:
    name = machines.known(page.service, id_)["name"]
    path = f"/machines/{id_}/settings"
    return Place(id_, name, path, machine_settings.of_machine, machine_settings.set_machine)


def _place(request: Request, page: MachinesPage) -> Place:
    """The one in the address."""
    named = request.path_params
    return _machine(page, named["machine"]) if "machine" in named else _organisation(page, named["organisation"])


ThePlace = Annotated[Place, Depends(_place)]


@router.get("/machine-settings")
def organisations(page: MachinesPage) -> Response:
    """Whose settings."""
    with page.reading() as db:
        tree, names = house.organisations(db), page.names(db)
    kiosks = [row for row in machines.listed(page.service) if row["channel"] == machines.KIOSK]
    return page.show("machine_settings/choose.html", rows=in_order(tree), kiosks=kiosks, names=names)


# --- texts ------------------------------------------------------------------------------------------------------------


@router.get("/machine-settings/{organisation:path}/texts")
@router.get("/machines/{machine}/settings/texts")
def texts(page: MachinesPage, place: ThePlace) -> Response:
    """Sentences in the words of the library."""
    return _texts(page, place)


def _texts(
    page: Page, place: Place, error: CirculationError | None = None, given: Mapping[str, str] | None = None
) -> Response:
    shown = place.load(page.service, place.id)
    code = (given or {}).get("code") or page.asked.text("code")
    sought, language = page.asked.text("sought"), page.words.language
    found = policy_form.sentences(sought, language) if sought else []
    own = shown.own.get(TEXTS, {})
    return page.show(
        "machine_settings/texts.html",
        error.status if error is not None else 200,
        error=error,
        wrong=_mistakes(error),
        place=place,
        sought=sought,
        found=[(one, wording.standard(one, language)) for one in found[:MOST_FOUND]],
        more=max(len(found) - MOST_FOUND, 0),
        code=code if code and policy_form.may_say(code) else None,
        given=given or {f"{TEXT}{one}": text for one, text in own.get(code, {}).items()},
        spoken=[(one, policy_form.language_name(page.words, one)) for one in wording.languages()],
        standard=wording.standard,
        parameters=sorted,
        named=wording.parameters,
        holds=shown.holds.texts,
        whose=_whose(page, place),
    )


@router.post("/machine-settings/{organisation:path}/texts")
@router.post("/machines/{machine}/settings/texts")
def set_text(page: MachinesPage, form: TheForm, place: ThePlace) -> Response:
    """Say a sentence otherwise, or as usual again."""
    code = form.needed("code")
    own = place.load(page.service, place.id).own
    said = {one: text for one in wording.languages() if (text := form.text(f"{TEXT}{one}"))}
    others = {key: words for key, words in own.get(TEXTS, {}).items() if key != code}
    texts = {**others, **({code: said} if said else {})}
    rest = {name: value for name, value in own.items() if name != TEXTS}
    try:
        place.save(page.service, page.staff.name, place.id, {**rest, **({TEXTS: texts} if texts else {})})
    except SettingsWrongError as error:
        given = {"code": code, **{f"{TEXT}{one}": form.text(f"{TEXT}{one}") for one in wording.languages()}}
        return _texts(page, place, error, given)
    return page.go(f"{place.path}/texts", "text_saved", sought=form.text("sought") or None)


# --- everything else --------------------------------------------------------------------------------------------------


@router.get("/machine-settings/{organisation:path}")
@router.get("/machines/{machine}/settings")
def settings(page: MachinesPage, place: ThePlace) -> Response:
    """Settings of the machines of an organisation and those below it, or of one machine."""
    return _settings(page, place)


def _settings(
    page: Page, place: Place, error: CirculationError | None = None, own: Mapping[str, Any] | None = None
) -> Response:
    shown = place.load(page.service, place.id)
    given = policy_form.entered(shown.own if own is None else own)
    whose = _whose(page, place)
    words = page.words
    return page.show(
        "machine_settings/form.html",
        error.status if error is not None else 200,
        error=error,
        wrong=_mistakes(error),
        place=place,
        given=given,
        settings=policy_form.fields(),
        above={one.name: _above(page, one, shown.inherited.values[one.name], whose) for one in policy_form.fields()},
        spoken=[(one, policy_form.language_name(words, one)) for one in wording.languages()],
        weekdays=days.weekdays(words.language),
        hours=_hours(shown.holds.values[HOURS].value),
        texts=sum(len(by_language) for by_language in shown.holds.texts.values()),
    )


def _above(page: Page, setting: Any, held: Any, whose: Callable[[Source], str]) -> str:
    """What holds if nothing is said here, and who says it."""
    value = policy_form.in_words(page.words, setting, held.value)
    if held.source.kind == SourceKind.DEFAULT:
        return page.words.say("organisation.by_default", value=value)
    return page.words.say("organisation.as_above", name=whose(held.source), value=value)


def _whose(page: Page, place: Place) -> Callable[[Source], str]:
    """What the origin of a value is called."""
    with page.reading() as db:
        names = page.names(db)

    def name(source: Source) -> str:
        if source.kind == SourceKind.DEFAULT or source.id is None:
            return page.words.say("policy.usual")
        return place.name if source.kind == SourceKind.MACHINE else names.get(source.id, source.id)

    return name


def _hours(held: Mapping[str, list[list[str]]] | None) -> list[tuple[int, str]] | None:
    """Opening hours by weekday as text, "" = closed; None = always open."""
    if held is None:
        return None
    return [(int(day), policy_form.day_text(held.get(day, []))) for day in WEEKDAY_KEYS]


def _mistakes(error: CirculationError | None) -> Sequence[Mistake]:
    return error.mistakes if isinstance(error, SettingsWrongError) else ()


@router.post("/machine-settings/{organisation:path}")
@router.post("/machines/{machine}/settings")
def set_settings(page: MachinesPage, form: TheForm, place: ThePlace) -> Response:
    """Replace them."""
    before = place.load(page.service, place.id).own
    own = policy_form.read(form)
    kept = {name: value for name, value in before.items() if name == TEXTS or name not in SETTINGS}
    try:
        place.save(page.service, page.staff.name, place.id, {**kept, **own})
    except SettingsWrongError as error:
        return _settings(page, place, error, own)
    return page.go(place.path, "settings_saved")
