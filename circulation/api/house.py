"""The house as staff change it: organisations, their settings and calendars, media types, categories, age groups."""

from __future__ import annotations

from fastapi import APIRouter

from circulation import organising
from circulation.api import house_models as m
from circulation.api import staff_access
from circulation.api.access import TheService
from circulation.api.models import Code, Whole
from circulation.api.staff_access import Admin, AnyStaff, CalendarStaff
from circulation.store import tables as t

router = APIRouter(prefix="/staff", tags=["house"])
CONFLICT = staff_access.CONFLICT


@router.get("/organisations")
def organisations(service: TheService, staff: AnyStaff) -> m.Organisations:
    """Every organisation."""
    return m.Organisations(organisations=[m.Organisation(**one) for one in organising.organisations(service)])


@router.post("/organisations", status_code=201, responses=CONFLICT)
def create_organisation(body: m.NewOrganisation, service: TheService, staff: Admin) -> m.Organisation:
    """Make an organisation."""
    made = organising.create_organisation(service, staff.name, body.id, body.name, body.parent, body.kind)
    return m.Organisation(**made)


@router.patch("/organisations/{organisation}", responses=CONFLICT)
def change_organisation(
    organisation: Code, body: m.OrganisationChange, service: TheService, staff: Admin
) -> m.Organisation:
    """Change an organisation's name, what it is, or which one is above it."""
    changes = body.model_dump(exclude_unset=True)
    changes = {key: value for key, value in changes.items() if value is not None or key == "parent"}
    return m.Organisation(**organising.change_organisation(service, staff.name, organisation, changes))


@router.get("/organisations/{organisation}/settings")
def settings(organisation: Code, service: TheService, staff: Admin) -> m.SettingsAnswer:
    """What an organisation sets itself, and what holds there."""
    return m.SettingsAnswer(**organising.settings(service, organisation))


@router.put("/organisations/{organisation}/settings")
def set_settings(organisation: Code, body: m.SettingsAsked, service: TheService, staff: Admin) -> m.SettingsAnswer:
    """Replace what an organisation sets itself."""
    return m.SettingsAnswer(**organising.set_settings(service, staff.name, organisation, body.settings))


@router.get("/organisations/{organisation}/calendar")
def calendar(organisation: Code, service: TheService, staff: CalendarStaff) -> m.CalendarAnswer:
    """What an organisation says of its opening days, and what holds there (R38-R40)."""
    return m.CalendarAnswer(**organising.calendar(service, organisation))


@router.patch("/organisations/{organisation}/calendar")
def change_calendar(
    organisation: Code, body: m.CalendarChange, service: TheService, staff: CalendarStaff
) -> m.CalendarAnswer:
    """Change closed weekdays, public holidays or tour days."""
    changes = body.model_dump(exclude_unset=True)
    return m.CalendarAnswer(**organising.change_calendar(service, staff.name, organisation, changes))


@router.post("/organisations/{organisation}/closings", status_code=201)
def add_closing(organisation: Code, body: m.NewClosing, service: TheService, staff: CalendarStaff) -> m.Closing:
    """An exceptional closing or opening."""
    closing = organising.Closing(body.first, body.last, body.open, body.note)
    return m.Closing(**organising.add_closing(service, staff.name, organisation, closing))


@router.delete("/organisations/{organisation}/closings/{closing}", status_code=204)
def delete_closing(organisation: Code, closing: Whole, service: TheService, staff: CalendarStaff) -> None:
    """Take an exceptional closing or opening back."""
    organising.delete_closing(service, staff.name, organisation, closing)


@router.get("/media-types")
def media_types(service: TheService, staff: AnyStaff) -> m.MediaTypes:
    """Every media type."""
    return m.MediaTypes(media_types=[m.MediaType(**row) for row in organising.codes(service, t.media_type)])


@router.post("/media-types", status_code=201, responses=CONFLICT)
def add_media_type(body: m.NewMediaType, service: TheService, staff: Admin) -> m.MediaType:
    """A new media type."""
    return m.MediaType(**organising.add_media_type(service, staff.name, body.code, body.names))


@router.get("/patron-categories")
def categories(service: TheService, staff: AnyStaff) -> m.Categories:
    """Every patron category."""
    return m.Categories(patron_categories=[m.Category(**row) for row in organising.codes(service, t.patron_category)])


@router.post("/patron-categories", status_code=201, responses=CONFLICT)
def add_category(body: m.NewCategory, service: TheService, staff: Admin) -> m.Category:
    """A new patron category."""
    return m.Category(**organising.add_category(service, staff.name, body.code))


@router.get("/age-groups")
def age_groups(service: TheService, staff: AnyStaff) -> m.AgeGroups:
    """Every age group."""
    return m.AgeGroups(age_groups=[m.AgeGroup(**row) for row in organising.codes(service, t.age_group)])


@router.post("/age-groups", status_code=201, responses=CONFLICT)
def add_age_group(body: m.NewAgeGroup, service: TheService, staff: Admin) -> m.AgeGroup:
    """A new age group."""
    return m.AgeGroup(**organising.add_age_group(service, staff.name, body.code, body.least, body.most))
