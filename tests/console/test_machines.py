"""Pages of machines: how they are, codes, withdrawing; and what the library wants of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from playwright.sync_api import expect
from sqlalchemy import update

from circulation import machine_settings, machines, staffing
from circulation.domain.policy import SETTINGS
from circulation.service import Service
from circulation.staff.pages.machines import heard
from circulation.store import tables as t
from tests.circulation.running import SECONDS, Central, Machine, TestClock
from tests.circulation.world import World
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader, text_of

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
N1 = "/machine-settings/N1"


def only(service: Service) -> str:
    (row,) = machines.listed(service)
    return str(row["id"])


def beat(machine: Machine, **more: Any) -> None:
    """Let a machine tell how it is."""
    report = {"version": "1.2", "rules": None, "devices": {"pad": "up"}, "doubts": [], "clock_trusted": True, **more}
    assert machine.post("/heartbeat", report).status_code == 200


@pytest.mark.scenario("S1")
def test_a_machine_is_enrolled_with_a_code_from_the_console(world: World, central: Central, opened: Open) -> None:
    page = opened(central, staffing.MACHINES)
    page.click("nav a:text-is('Machines')")
    page.select_option("#branch", "N2")
    page.click("button:text-is('Make a code')")
    code = page.locator(".told-once").inner_text()
    assert page.locator("main code").inner_text() == f"kiosk enrol {central.url} {code}"
    assert "Tue 2 June 2026 12:00" in page.locator("main").inner_text()
    body = {"code": code, "name": "by the door", "version": "1.0"}
    answer = requests.post(f"{central.url}/v1/enrol", json=body, timeout=SECONDS)
    assert (answer.status_code, answer.json()["branch"]) == (200, "N2")
    page.goto(f"{central.url}/staff/machines")
    assert code not in page.content()
    row = page.locator("tbody tr")
    assert re.sub(r"\s+", " ", row.inner_text()).startswith("by the door Branch N2 never nothing known 0 1.0")
    assert requests.post(f"{central.url}/v1/enrol", json=body, timeout=SECONDS).status_code == 403


def test_a_portal_is_enrolled_as_one(central: Central) -> None:
    with reader(central, staffing.MACHINES) as anna:
        answer = anna.send("/machines", "/machines/code", branch="N1", channel="web")
        (code,) = re.findall(r'told-once" role="status">(\w+)<', answer.text)
        assert "kiosk enrol" not in answer.text
        machines.enrol(central.service, code, "website", "1")
        assert "web" in anna.read("/machines")
        assert anna.send("/machines", "/machines/code", branch="N9", channel="web").status_code == 422
        assert anna.send("/machines", "/machines/code", branch="N1", channel="fax").status_code == 422
    assert [row["channel"] for row in machines.listed(central.service)] == ["web"]


@pytest.mark.parametrize(
    ("ago", "code", "n", "kind"),
    [
        (None, "never", 0, "info"),
        (timedelta(seconds=119), "now", 0, "ok"),
        (timedelta(minutes=2), "minutes", 2, "act"),
        (timedelta(minutes=14, seconds=59), "minutes", 14, "act"),
        (timedelta(minutes=15), "minutes", 15, "stop"),
        (timedelta(minutes=119), "hours", 1, "stop"),
        (timedelta(hours=49), "days", 2, "stop"),
    ],
)
def test_how_long_ago_a_machine_was_heard_of(ago: timedelta | None, code: str, n: int, kind: str) -> None:
    found = heard(NOW, NOW - ago if ago is not None else None)
    assert (found.code, found.n, found.kind) == (code, n, kind)


def test_how_a_machine_is_stands_there_in_words(world: World, central: Central, clock: TestClock) -> None:
    machine, item = central.machine("N1"), world.item()
    doubt = {"item": item, "wanted": "armed", "last": None, "since": clock().isoformat()}
    beat(machine, devices={"pad": "up", "printer": "lost", "odd": "odd"}, doubts=[doubt], clock_trusted=False)
    clock.later(minutes=5)
    with reader(central, staffing.MACHINES) as anna:
        told = anna.read("/machines")
        for words in ("5 minutes ago", "pad: works", "printer: lost", "odd: odd", "clock is wrong", "1.2"):
            assert words in re.sub(r" :", ":", told)
        assert "As of Mon 1 June 2026 12:05" in told
        told = anna.read(f"/machines/{only(central.service)}")
    assert f"Title {item} armed" in told


def test_an_alarm_is_seen_and_gone(central: Central, clock: TestClock) -> None:
    central.machine("N1")
    with central.service.database.writing() as db:
        db.execute(update(t.machine).values(alarm_at=clock()))
    with reader(central, staffing.MACHINES) as anna:
        assert "Too many wrong PINs" in anna.read("/machines")
        told = text_of(anna.send("/machines", f"/machines/{only(central.service)}/seen").text)
    assert "noted as seen" in told
    assert "Too many wrong PINs" not in told


def test_a_machine_is_renamed_moved_and_withdrawn(world: World, central: Central, opened: Open) -> None:
    machine = central.machine("N1")
    page = opened(central, staffing.MACHINES)
    page.goto(f"{central.url}/staff/machines/{only(central.service)}")
    page.fill("#name", "Entrance")
    page.select_option("#branch", "N2")
    page.click("button:text-is('Save')")
    page.wait_for_selector("text=The machine is changed.")
    row = machines.known(central.service, only(central.service))
    assert (row["name"], row["branch"]) == ("Entrance", "N2")
    page.click("summary:text('Withdraw')")
    page.click("text=Withdraw for good")
    page.wait_for_selector("text=1 withdrawn machine")
    assert machine.get("/items").status_code == 401
    page.click("summary:text('1 withdrawn machine')")
    page.click("text=Entrance")
    page.wait_for_selector("text=This machine was withdrawn on")
    expect(page.locator("form:not(.top form)")).to_have_count(0)


# --- settings ---------------------------------------------------------------------------------------------------------


def own(service: Service) -> dict[str, Any]:
    return dict(machine_settings.of_organisation(service, "N1").own)


def test_every_setting_has_its_field_and_its_meaning_in_every_language(central: Central) -> None:
    with reader(central, staffing.MACHINES) as anna:
        for language in ("en", "de"):
            anna.http.cookies.set("language", language)
            page = anna.get(N1).text
            for name in SETTINGS.keys() - {"texts"}:
                assert re.search(
                    rf'<(?:select|input) id="{name}" name="{name}"[^>]*aria-describedby="{name}-hint', page
                )
                assert re.search(rf'id="{name}-hint">[^<]+<', page)


def test_settings_are_made_inherited_and_shown(central: Central) -> None:
    given = {
        **{"idle_seconds": "60", "languages": "de", "languages.more": "en", "receipts": "never", "sounds": "no"},
        **{"library_name": "Stadtbibliothek", "accent": "moss", "offline_loans": "3"},
        **{"opening_hours": "own", "opening_hours.0": "10-13, 14:00-18.30", "opening_hours.5": "9:00\u201314:00"},
    }
    expected = {
        **{"idle_seconds": 60, "languages": ["de", "en"], "receipts": "never", "sounds": False},
        **{"library_name": "Stadtbibliothek", "accent": "moss", "offline_loans": 3},
        "opening_hours": {"0": [["10:00", "13:00"], ["14:00", "18:30"]], "5": [["09:00", "14:00"]]},
    }
    with reader(central, staffing.MACHINES) as anna:
        answer = anna.send(N1, N1, **given)
        assert "settings are saved" in text_of(answer.text)
        assert own(central.service) == expected
        told = text_of(answer.text)
        assert "Monday 10:00-13:00, 14:00-18:30" in told
        assert "Tuesday closed" in told
        central.machine("N1")
        machine = f"/machines/{only(central.service)}/settings"
        assert "Empty = as Branch N1: 60 seconds" in anna.read(machine)
        anna.send(machine, machine, idle_seconds="20")
        anna.send(N1, N1, opening_hours="always")
    assert own(central.service) == {"opening_hours": None}
    held = machine_settings.of_machine(central.service, only(central.service)).holds.values
    assert (held["idle_seconds"].value, held["accent"].value) == (20, "blue")


@pytest.mark.parametrize(
    ("given", "said", "field"),
    [
        ({"warn_seconds": "19"}, "Warning before the sign-out: This is a whole number from 20 to 600.", "warn_seconds"),
        ({"warn_seconds": "soon"}, "whole number", "warn_seconds"),
        ({"sounds": "loud"}, "Sounds: This is true or false.", "sounds"),
        (
            {"opening_hours": "own", "opening_hours.2": "10:00-9:00"},
            "Opening hours, Wednesday: It begins before it ends",
            "opening_hours.2",
        ),
        ({"opening_hours": "own", "opening_hours.2": "always"}, "Opening hours, Wednesday:", "opening_hours.2"),
        ({"opening_hours": "own"}, "would never open", "opening_hours"),
        ({"library_name": "x" * 61}, "A name has 1 to 60 letters", "library_name"),
    ],
)
def test_what_no_machine_could_use_is_told_at_its_field(
    central: Central, given: dict[str, str], said: str, field: str
) -> None:
    with reader(central, staffing.MACHINES) as anna:
        answer = anna.send(N1, N1, **given, idle_seconds="77")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', answer.text)
    assert 'value="77"' in answer.text
    assert own(central.service) == {}


def test_a_sentence_is_found_said_otherwise_and_as_usual_again(central: Central, opened: Open) -> None:
    page = opened(central, staffing.MACHINES)
    page.goto(f"{central.url}/staff{N1}/texts")
    page.fill("#sought", "this pin does not fit")
    page.click("text=Show")
    page.click("main table a")
    expect(page.locator("main code")).to_have_text(["{n}"])
    page.fill("#text_en", "That PIN was wrong.")
    page.click("button:text-is('Save')")
    page.wait_for_selector("text=The sentence must keep {n}.")
    assert own(central.service) == {}
    page.fill("#text_en", "That PIN was wrong, {n} tries left.")
    page.click("button:text-is('Save')")
    page.wait_for_selector("text=The sentence is saved.")
    assert own(central.service) == {"texts": {"signin.pin_wrong": {"en": "That PIN was wrong, {n} tries left."}}}
    page.locator("table").last.locator("a").click()
    page.fill("#text_en", "")
    page.click("button:text-is('Save')")
    page.wait_for_selector("text=Every sentence is said as usual.")
    assert own(central.service) == {}


def test_texts_and_settings_leave_one_another_alone(central: Central) -> None:
    with reader(central, staffing.MACHINES) as anna:
        anna.send(N1, N1, idle_seconds="60")
        anna.send(f"{N1}/texts", f"{N1}/texts", code="signin.card", text_en="Show your card")
        anna.send(N1, N1, idle_seconds="50")
        assert own(central.service) == {"idle_seconds": 50, "texts": {"signin.card": {"en": "Show your card"}}}
        assert "Show your card" in anna.read(f"{N1}/texts")
        central.machine("N1")
        told = anna.read(f"/machines/{only(central.service)}/settings/texts")
        assert "signin.card English Show your card Branch N1" in told
        assert "No sentence has these words" in anna.read(f"{N1}/texts", sought="zzzz")
        assert "format." not in anna.read(f"{N1}/texts", sought="format")


@pytest.mark.parametrize("path", [N1, "/machines/{}/settings"])
def test_hostile_text_is_shown_as_text(central: Central, path: str) -> None:
    central.machine("N1")
    machine = only(central.service)
    path = path.format(machine)
    with reader(central, staffing.MACHINES) as anna:
        given = {name: HOSTILE for name in SETTINGS if name != "texts"}
        assert harmless(anna.send(path, path, **given).text)
        assert harmless(anna.send(path, path, library_name=HOSTILE).text)
        said = anna.send(f"{path}/texts", f"{path}/texts", code="signin.card", text_en=HOSTILE)
        assert harmless(said.text)
        assert harmless(anna.get(f"{path}/texts", sought=HOSTILE).text)
        assert harmless(anna.send("/machines", f"/machines/{machine}/change", name=HOSTILE, branch="N1").text)
        assert harmless(anna.get("/machines").text)
        assert harmless(anna.get("/machine-settings").text)
