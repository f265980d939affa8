"""Machine settings as staff make them, who said what, and the document a machine is told."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from circulation import machine_settings, machines, staffing
from circulation.domain.policy import ACCENTS, SETTINGS
from circulation.notices import selecting
from tests.circulation.document import document
from tests.circulation.running import Central, Machine, Staff
from tests.circulation.world import World

NORTH, N1 = (f"/organisations/{id_}/machine-settings" for id_ in ("North", "N1"))
TEXTS = {"time.ask": {"de": "Ist noch jemand da?"}}


@pytest.fixture
def staff(central: Central) -> Staff:
    """Somebody who cares for machines."""
    return central.staff(staffing.MACHINES, name="anna")


def put(staff: Staff, path: str, **settings: Any) -> dict[str, Any]:
    return staff.told("PUT", path, {"settings": settings})


def number_of(staff: Staff, name: str) -> str:
    """Id of a machine."""
    return next(str(one["id"]) for one in staff.told("GET", "/machines")["machines"] if one["name"] == name)


# --- the document -----------------------------------------------------------------------------------------------------


def test_a_machine_is_told_the_defaults_where_nobody_says_anything(world: World, machine: Machine) -> None:
    told = machine.get("/settings").json()
    assert set(told) == {"version", *SETTINGS}
    assert (told["idle_seconds"], told["warn_seconds"], told["languages"]) == (90, 30, ["en", "de"])
    assert (told["library_name"], told["texts"], told["opening_hours"]) == ("Test library", {}, None)
    assert (told["offline_loans"], told["receipts"], told["sounds"]) == (0, "ask", True)
    assert told["accent"] == {"light": ACCENTS["blue"].light, "dark": ACCENTS["blue"].dark}


def test_whoever_has_chosen_no_language_is_written_to_in_the_one_offered_first_now(world: World) -> None:
    world.rules()

    def first_at(branch: str) -> str:
        with world.service.database.reading() as db:
            return selecting.place_of(world.service, db).house.languages[branch]

    before = first_at("N1")
    machine_settings.set_organisation(world.service, "anna", "North", {"languages": ["de", "en"]})
    assert (before, first_at("N1"), first_at("A")) == ("en", "de", "en")


def test_the_document_is_told_again_only_if_it_has_changed(world: World, machine: Machine, staff: Staff) -> None:
    first = machine.get("/settings")
    tag = first.headers["ETag"]
    assert machine.get("/settings", If_None_Match=tag).status_code == 304
    assert machine.get("/settings", If_None_Match=f'"other", W/{tag}').status_code == 304
    staff.told("PUT", "/organisations/N2/machine-settings", {"settings": {"sounds": False}})  # of another branch
    assert machine.get("/settings", If_None_Match=tag).status_code == 304
    put(staff, NORTH, sounds=False)
    changed = machine.get("/settings", If_None_Match=tag)
    assert (changed.status_code, changed.json()["sounds"]) == (200, False)
    assert changed.json()["version"] != first.json()["version"]
    put(staff, NORTH)
    assert machine.get("/settings").json() == first.json()  # the version is that of the content


def test_what_was_set_is_what_the_machine_is_told(world: World, machine: Machine, staff: Staff) -> None:
    hours = {"0": [["09:00", "12:00"], ["13:00", "18:00"]], "5": [["10:00", "24:00"]]}
    put(
        staff,
        N1,
        texts=TEXTS,
        languages=["de"],
        library_name="Stadtbücherei",
        accent="moss",
        opening_hours=hours,
        receipts="never",
        offline_loans=5,
    )
    told = machine.get("/settings").json()
    assert told["texts"] == TEXTS
    assert (told["languages"], told["library_name"], told["opening_hours"]) == (["de"], "Stadtbücherei", hours)
    assert told["accent"]["light"] == ACCENTS["moss"].light
    assert (told["receipts"], told["offline_loans"]) == ("never", 5)


@pytest.mark.parametrize(
    "change",
    [
        {"warn_seconds": 19},
        {"idle_seconds": 3601},
        {"accent": {"light": "red", "dark": "#000000"}},
        {"opening_hours": {"7": [["09:00", "18:00"]]}},
        {"opening_hours": {"0": [["9:00", "18:00"]]}},
        {"languages": []},
        {"receipts": "sometimes"},
        {"offline_loans": 21},
        {"texts": {"time.ask": {"de": ""}}},
        {"colour": "red"},
    ],
)
def test_the_published_document_says_what_a_machine_can_use(machine: Machine, change: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/MachineSettings", "components": document()["components"]}
    told = machine.get("/settings").json()
    assert OAS31Validator(schema).is_valid(told)
    assert not OAS31Validator(schema).is_valid({**told, **change})


def test_a_portal_is_told_what_its_branch_says(world: World, central: Central, staff: Staff) -> None:
    put(staff, N1, library_name="Portal")
    code = machines.new_code(world.service, "N1", machines.WEB)
    portal = central.known(machines.enrol(world.service, code, "portal", "1")["key"])
    assert portal.get("/settings").json()["library_name"] == "Portal"
    assert staff.get(f"/machines/{number_of(staff, 'portal')}/settings").status_code == 404


def test_only_a_machine_is_told(central: Central) -> None:
    assert central.known("x" * 43).get("/settings").status_code == 401


# --- who says what ----------------------------------------------------------------------------------------------------


def test_a_machine_then_its_branch_then_those_above_it_decide(world: World, machine: Machine, staff: Staff) -> None:
    own = f"/machines/{number_of(staff, 'machine N1')}/settings"
    put(staff, NORTH, idle_seconds=60, goodbye_seconds=5, texts={"time.ended": {"de": "Tschüss"}})
    put(staff, N1, idle_seconds=70, texts=TEXTS)
    shown = put(staff, own, idle_seconds=80)
    assert shown["own"] == {"idle_seconds": 80}
    held, inherited = shown["holds"]["values"], shown["inherited"]["values"]
    assert held["idle_seconds"]["value"] == 80
    assert held["idle_seconds"]["source"]["kind"] == "machine"
    assert inherited["idle_seconds"] == {"value": 70, "source": {"kind": "organisation", "id": "N1"}}
    assert held["goodbye_seconds"] == {"value": 5, "source": {"kind": "organisation", "id": "North"}}
    assert held["sounds"] == {"value": True, "source": {"kind": "default", "id": None}}
    texts = shown["holds"]["texts"]
    assert texts["time.ask"]["de"]["source"]["id"] == "N1"
    assert texts["time.ended"]["de"]["source"]["id"] == "North"
    assert staff.told("GET", own) == shown
    assert machine.get("/settings").json()["idle_seconds"] == 80
    above = staff.told("GET", "/organisations/A/machine-settings")
    assert (above["own"], above["inherited"]) == ({}, above["holds"])
    assert staff.told("GET", N1)["own"] == {"idle_seconds": 70, "texts": TEXTS}


def test_what_is_left_out_is_inherited_again(world: World, staff: Staff) -> None:
    put(staff, N1, idle_seconds=70, sounds=False)
    shown = put(staff, N1, sounds=False)
    assert shown["own"] == {"sounds": False}
    assert shown["holds"]["values"]["idle_seconds"]["source"]["kind"] == "default"


def test_wrong_settings_are_all_named_in_the_language_asked_for_and_nothing_is_kept(
    world: World, machine: Machine, staff: Staff
) -> None:
    put(staff, N1, sounds=False)
    body = {"settings": {"warn_seconds": 5, "colour": "red", "texts": {"no.limit": {"de": "Zu viel"}}, "sounds": True}}
    for path in (N1, f"/machines/{number_of(staff, 'machine N1')}/settings"):
        answer = staff.ask("PUT", path, body, language="de")
        told = answer.json()
        assert (answer.status_code, told["error"], told["place"]) == (422, "settings_wrong", "warn_seconds")
        assert [(one["place"], one["code"]) for one in told["mistakes"]] == [
            ("warn_seconds", "number"),
            ("colour", "unknown"),
            ("texts.no.limit.de", "text_missing"),
        ]
        assert told["mistakes"][0]["text"] == "Hier steht eine ganze Zahl von 20 bis 600."
        assert "{have}, {max}" in told["mistakes"][2]["text"]
    assert staff.told("GET", N1)["own"] == {"sounds": False}
    assert machine.get("/settings").json()["warn_seconds"] == 30


@pytest.mark.parametrize("path", ["/organisations/N9/machine-settings", "/machines/none/settings"])
def test_settings_are_of_something_that_is_there(staff: Staff, path: str) -> None:
    assert staff.get(path).status_code == 404
    assert staff.ask("PUT", path, {"settings": {"sounds": True}}).status_code == 404


def test_the_audit_log_says_what_was_changed(world: World, machine: Machine, staff: Staff, central: Central) -> None:
    put(staff, N1, sounds=False, idle_seconds=60)
    put(staff, N1, idle_seconds=60, opening_hours=None)
    machine_id = number_of(staff, "machine N1")
    put(staff, f"/machines/{machine_id}/settings", accent="teal")
    lines = central.staff(staffing.ADMIN).told("GET", "/audit", action="machine_settings.change")["lines"]
    assert [(line["who"], line["subject"], line["details"]) for line in reversed(lines)] == [
        ("anna", "organisation N1", {"before": {}, "after": {"idle_seconds": 60, "sounds": False}}),
        ("anna", "organisation N1", {"before": {"sounds": False}, "after": {"opening_hours": None}}),
        ("anna", f"machine {machine_id}", {"before": {}, "after": {"accent": "teal"}}),
    ]


def test_the_table_of_settings_says_bounds_and_meaning(staff: Staff) -> None:
    told = staff.told("GET", "/machine-settings")
    found = {one["name"]: one for one in told["settings"]}
    assert list(found) == list(SETTINGS)
    warning = found["warn_seconds"]
    assert (warning["type"], warning["least"], warning["most"], warning["default"]) == ("seconds", 20, 600, 30)
    assert found["receipts"]["choices"] == ["ask", "never", "always"]
    assert (found["receipts"]["least"], found["languages"]["default"], found["texts"]["default"]) == (
        None,
        ["en", "de"],
        {},
    )
    assert "20" in warning["meanings"]["de"]
    assert told["accents"]["plum"]["dark"] == ACCENTS["plum"].dark
    assert told["languages"] == ["en", "de"]
