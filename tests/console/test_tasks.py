"""Tasks of the scheduler in the console: the list, their form, advice on their times, runs and previews."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import wording
from circulation import audit
from circulation.jobs import claiming, running, system, tasks
from circulation.jobs.alarm import ringing
from circulation.jobs.system import SCHEDULES
from circulation.jobs.types import BACKUP, TYPES
from circulation.notices import accounts, kept
from circulation.notices.accounts import Account
from circulation.notices.channels.trouble import Stage, Trouble
from circulation.service import Service
from circulation.staff import task_words
from circulation.staff.words import LANGUAGES, Words
from circulation.store import notices as store
from circulation.store.mail_tables import mail_account
from tests.circulation.posting import lend
from tests.circulation.running import Central, TestClock, serving
from tests.circulation.world import World
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, Reader, harmless, reader, text_of
from tests.waiting import wait_for

WARNINGS = "due_warnings"
DAILY = {"times": ["07:00"]}


@pytest.fixture
def admin(central: Central, world: World) -> Iterator[Reader]:
    """Somebody who may do everything, in a small library."""
    with reader(central) as found:
        yield found


def office(service: Service, tested: bool = True) -> None:
    """A mail account; a test of it is written down without a server."""
    accounts.create(service, "anna", "office", Account("Office", "mail.example.org", 25, "none", "a@example.org"))
    if tested:
        with service.database.reading() as db:
            row = kept.present(db, mail_account, "office")
        accounts.KEEPING.record_test(service, "anna", row, kept.Tested(True, None, "250 ok"))


def warnings(service: Service, weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7), **options: Any) -> int:
    wanted = tasks.Wanted(WARNINGS, "Warnings", {"account": "office", **options}, {**DAILY, "weekdays": list(weekdays)})
    return tasks.create(service, "anna", wanted)


def backups(service: Service, folder: str = "/nowhere", times: tuple[str, ...] = ("03:00",)) -> int:
    return tasks.create(service, "anna", tasks.Wanted(BACKUP, "Nightly", {"folder": folder}, {"times": list(times)}))


def clock_of(service: Service) -> TestClock:
    assert isinstance(service.clock, TestClock)
    return service.clock


def process_what_is_due(service: Service) -> None:
    while (claim := claiming.claim_due(service, "test")) is not None:
        running.carry_out(service, TYPES, claim)


# --- making and changing ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R63")
@pytest.mark.requirement("R64")
@pytest.mark.requirement("R65")
@pytest.mark.requirement("R70")
def test_a_task_is_made_with_its_options_and_stands_in_the_list_with_its_next_run(admin: Reader, world: World) -> None:
    office(world.service)
    form = admin.read("/tasks/new", type=WARNINGS)
    for label in ("Mail account", "Office", "Days before the due date", "Only these media types", "Times of day"):
        assert label in form
    given = {"type": WARNINGS, "name": "Warnings", "options.account": "office", "options.days": "3"}
    when = {"schedule.times": "7:00, 13:00", "schedule.weekdays": "1"}
    made = admin.send("/tasks/new?type=due_warnings", "/tasks", **given, **when, **{"options.categories": "normal"})
    assert "It runs by itself from now on" in text_of(made.text)
    (task,) = (one for one in tasks.listed(world.service) if one.type == WARNINGS)
    assert task.options == {
        **{"account": "office", "gateway": None, "days": 3, "least_period": None},
        **{"media_types": [], "categories": ["normal"]},
    }
    shown = admin.read("/tasks")
    assert "Warnings E-mail to patrons (due date approaching) Monday at 07:00 and 13:00 ready" in shown
    assert Words("en", "Europe/Berlin").instant(task.next_due) in shown
    assert "not yet Run now" in shown


@pytest.mark.requirement("R63")
def test_every_mistake_stands_at_its_field_and_what_was_entered_stays(admin: Reader) -> None:
    given = {"type": BACKUP, "name": "", "options.folder": "backups", "options.keep": "x", "schedule.times": "25:00"}
    answer = admin.send("/tasks/new?type=backup", "/tasks", **given, **{"schedule.every_hours": "99"})
    assert answer.status_code == 422
    faults = dict(re.findall(r'<span class="fault" id="([\w.]+)-hint">([^<]*)', answer.text))
    assert faults.keys() == {"name", "options.keep", "schedule.times", "schedule.every_hours", "schedule.weekdays"}
    assert faults["options.keep"] == "A whole number from 1 to 1,000 has to stand here."
    assert 'value="backups"' in answer.text
    right = {**given, "name": "x", "options.keep": "3", "schedule.times": "03:00", "schedule.weekdays": "1"}
    again = admin.send("/tasks/new?type=backup", "/tasks", **right)
    assert "This has to be a whole path that begins with /." in text_of(again.text)


@pytest.mark.requirement("R61")
def test_an_account_without_a_successful_test_cannot_be_chosen(admin: Reader, world: World) -> None:
    office(world.service, tested=False)
    assert "No mail account can be chosen yet" in admin.read("/tasks/new", type=WARNINGS)
    given = {"type": WARNINGS, "name": "W", "options.account": "office", "schedule.times": "07:00"}
    answer = admin.send("/tasks/new?type=due_warnings", "/tasks", **given, **{"schedule.weekdays": "1"})
    assert answer.status_code == 422
    assert "No test message has got through yet." in text_of(answer.text)


@pytest.mark.requirement("R63")
def test_a_task_is_changed_paused_resumed_and_deleted(admin: Reader, world: World) -> None:
    task = backups(world.service)
    page = f"/tasks/{task}"
    given = {"name": "Weekly", "options.folder": "/srv", "options.keep": "2", "schedule.times": "04:00"}
    admin.send(page, page, **given, **{"schedule.weekdays": "7"})
    assert tasks.one(world.service, task).options == {"folder": "/srv", "keep": 2}
    assert "Sunday at 04:00" in admin.read(page)
    admin.send(page, f"{page}/pause")
    assert "none while it is paused" in admin.read(page)
    assert "paused" in admin.read("/tasks")
    admin.send(page, f"{page}/resume")
    assert not tasks.one(world.service, task).paused
    admin.send(page, f"{page}/delete")
    assert admin.get(page).status_code == 404


def test_of_a_task_of_the_system_only_the_times_are_changed(admin: Reader, world: World) -> None:
    system.ensure(world.service)
    task = tasks.named(world.service, "tidying")
    page = f"/tasks/{task}"
    text = admin.get(page).text
    assert 'name="name"' not in text
    assert "Delete the task" not in text
    admin.send(page, page, **{"schedule.times": "05:00", "schedule.weekdays": "1"})
    assert "Monday at 05:00" in admin.read(page)
    assert admin.send(page, f"{page}/delete").status_code == 409


@pytest.mark.parametrize("type_", ["tidying", "nothing", ""])
def test_what_staff_cannot_make_has_no_form(admin: Reader, type_: str) -> None:
    assert admin.get("/tasks/new", type=type_).status_code == 404
    assert admin.send("/tasks/new?type=backup", "/tasks", type=type_).status_code == 404


# --- what is to be known ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R66")
@pytest.mark.parametrize(
    ("weekdays", "days", "missed"),
    [((1,), 3, "Friday to Sunday"), ((1, 2, 3, 4, 5), 2, ""), ((1, 2, 3, 4, 5), 1, "Sunday"), ((1,), 6, "")],
)
def test_the_page_says_which_loans_a_task_would_miss(
    admin: Reader, world: World, weekdays: tuple[int, ...], days: int, missed: str
) -> None:
    office(world.service)
    shown = admin.read(f"/tasks/{warnings(world.service, weekdays, days=days)}")
    said = re.search(r"Loans due on these days would be missed: (.+?)\.", shown)
    assert (said[1] if said else "") == missed


@pytest.mark.requirement("R71")
def test_made_up_runs_are_marked_and_it_is_said_when_the_computer_is_usually_off(
    central: Central, world: World
) -> None:
    service, clock = world.service, clock_of(world.service)
    task = backups(service)
    with reader(central, name="before") as found:
        assert "usually off" not in found.read(f"/tasks/{task}")
    for day in range(5):
        clock.now = datetime(2026, 6, 16 + day, 8, tzinfo=UTC)  # never on at three in the morning
        process_what_is_due(service)
    with reader(central) as found:
        shown = found.read(f"/tasks/{task}")
        assert "This computer is usually off at 03:00" in shown
        assert shown.count("made up failed /nowhere is no folder") == 5
        assert "made up" in found.read("/tasks")


@pytest.mark.requirement("R63")
def test_last_runs_say_what_they_did_and_older_ones_are_on_the_next_page(
    admin: Reader, world: World, tmp_path: Path
) -> None:
    task = backups(world.service, str(tmp_path))
    for _ in range(21):
        clock_of(world.service).later(seconds=1)
        running.carry_out_by_hand(world.service, TYPES, "test", task, "anna")
    page = admin.get(f"/tasks/{task}")
    assert text_of(page.text).count("by hand done bytes") == 20
    (more,) = re.findall(r'href="/staff(/tasks/\d+\?after=\d+)"', page.text)
    assert admin.read(more).count("by hand done bytes") == 1


def test_every_type_option_count_and_mistake_has_words() -> None:
    codes = wording.codes(wording.STAFF)
    named = [f"task.type.{code}" for code in TYPES]
    named += [f"task.about.{code}" for code, kind in TYPES.items() if not kind.system]
    for kind in TYPES.values():
        assert is_dataclass(kind.options)
        named += [f"task.option.{field.name}" for field in fields(kind.options)]
    states = (store.SENT, store.FAILED, store.UNCERTAIN, store.CANCELLED)
    named += [f"task.count.{state}" for state in states]
    named += [f"task.run.{state}" for state in task_words.BADGES]
    assert [code for code in named if code not in codes] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_runs_count_has_words(service: Service, world: World, tmp_path: Path, language: str) -> None:
    system.ensure(service)
    backups(service, str(tmp_path))
    words = Words(language)
    for task in tasks.listed(service):
        running.carry_out_by_hand(service, TYPES, "test", task.id, "anna")
        (run,) = tasks.runs(service, task.id)
        unnamed = [name for name in run.counts if not words.knows(f"task.count.{name}")]
        assert (run.state, unnamed) == ("done", []), task.type


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("stopped", "The server was stopped."),
        ("wrong_options: options.account", "no longer right. Save it anew. Fields: options.account"),
        ("mail_untested: mail account office: a test must succeed first", "No test message has got through yet."),
        ("ValueError", "ValueError"),
        (None, ""),
    ],
)
def test_why_a_run_ended_is_said_in_words(note: str | None, said: str) -> None:
    told = task_words.note(Words("en"), note)
    assert said in told
    assert bool(told) == bool(said)


# --- running ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R72")
def test_run_now_asks_the_scheduler_which_runs_it(admin: Reader, world: World, tmp_path: Path) -> None:
    service = world.service
    task = backups(service, str(tmp_path))
    page = f"/tasks/{task}"
    assert "A run was asked for" in text_of(admin.send(page, f"{page}/run").text)
    assert "begins in a moment" in admin.read(page)
    assert tasks.runs(service, task) == []  # not in the request
    process_what_is_due(service)
    assert "asked for, or to try again what waited done bytes" in admin.read(page)
    with service.database.reading() as db:
        (line,) = audit.listed(db, {"action": "task.run"})
    assert (line["who"], line["subject"]) == ("anna", "task Nightly")


def test_a_paused_task_and_one_that_runs_are_not_asked_to(admin: Reader, world: World) -> None:
    task = backups(world.service)
    page = f"/tasks/{task}"
    claiming.claim_by_hand(world.service, "test", task, "anna")
    assert admin.send(page, f"{page}/run").status_code == 409
    assert "runs now" in admin.read("/tasks")
    tasks.pause(world.service, "anna", task)
    answer = admin.send(page, f"{page}/run")
    assert (answer.status_code, "Resume it first" in answer.text) == (409, True)


@pytest.mark.requirement("R72")
def test_the_button_wakes_the_scheduler_of_the_server(service: Service, world: World, tmp_path: Path) -> None:
    task = backups(service, str(tmp_path))
    with ringing(service) as alarm, serving(service, alarm.ring) as central, reader(central) as admin:
        wait_for(lambda: done(service) == len(SCHEDULES))  # it has woken, and will not for a minute
        admin.send(f"/tasks/{task}", f"/tasks/{task}/run")
        wait_for(lambda: [run.state for run in tasks.runs(service, task)] == ["done"])


def done(service: Service) -> int:
    """How many tasks have run."""
    return sum(task.last is not None and task.last.state == "done" for task in tasks.listed(service))


# --- what would be sent -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R75")
def test_a_preview_lists_what_would_be_sent_to_whom_and_why(admin: Reader, world: World) -> None:
    service = world.service
    office(service)
    world.rules()
    due = str(clock_of(service)().date() + timedelta(days=2))
    with_address, without = (world.patron_id(world.patron(email=email)) for email in ("mira@example.org", None))
    for patron in (with_address, without):
        lend(service, world.item(), patron, due)
    task = warnings(service, days=3)
    shown = admin.read(f"/tasks/{task}/preview")
    assert "A run would do this: messages 1, notices in them 1, without an address 1" in shown
    assert re.search(r"(?i)Mira Vogel e-mail mira@example\.org", shown)
    assert re.search(r"Mira Vogel not sent .*no address", shown)
    assert "days of the task" in shown
    with service.database.reading() as db:
        assert store.about(db, "due_warning", [with_address, without]) == []
    assert admin.get(f"/tasks/{backups(service)}/preview").status_code == 409


@pytest.mark.requirement("R47")
def test_a_task_that_waits_says_with_how_many_and_is_confirmed(admin: Reader, world: World) -> None:
    service = world.service
    office(service)
    task = tasks.create(service, "anna", tasks.Wanted("overdue_reminders", "Reminders", {"account": "office"}, DAILY))
    with service.database.writing() as db:
        store.set_backlog(db, task, {"would_send": 700, "found_at": service.clock()})
    page = f"/tasks/{task}"
    assert "waits for confirmation" in admin.read("/tasks")
    assert "700 reminders wait for confirmation" in admin.read(page)
    told = admin.send("/notices/tonight", f"{page}/confirm").text
    assert "The next run sends them" in text_of(told)
    assert "wait for confirmation" not in admin.read(page)
    assert admin.send(page, f"{page}/confirm").status_code == 409


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R74")
def test_the_start_page_says_what_failed_and_which_way_of_sending_is_in_trouble(central: Central, world: World) -> None:
    service = world.service
    office(service)
    warnings(service)
    world.rules()
    names = iter(("anna", "ben", "carla", "dora"))

    def waits() -> list[str]:
        with reader(central, name=next(names)) as admin:  # a session ends after a day
            page = text_of(admin.get("/").text)
        return [said for said in ("task failed when it last ran", "way of sending is in trouble") if said in page]

    assert waits() == []
    accounts.change(service, "anna", "office", {"active": False})
    clock_of(service).now += timedelta(days=1)
    process_what_is_due(service)
    with service.database.reading() as db:
        row = kept.present(db, mail_account, "office")
    kept.record_trouble(service, mail_account, row, Trouble(Stage.CONNECT, "421 no"))
    assert waits() == ["task failed when it last ran"]  # nobody wants to send by the account
    accounts.change(service, "anna", "office", {"active": True})
    assert waits() == ["task failed when it last ran", "way of sending is in trouble"]
    process_what_is_due(service)  # it was asked to run again
    assert waits() == ["way of sending is in trouble"]


def test_hostile_text_comes_back_harmless(admin: Reader, world: World) -> None:
    given = {"type": BACKUP, "options.folder": HOSTILE, "options.keep": HOSTILE, "schedule.times": HOSTILE}
    answer = admin.send("/tasks/new?type=backup", "/tasks", name=HOSTILE, **given, **{"schedule.weekdays": HOSTILE})
    assert answer.status_code == 422
    assert HOSTILE not in answer.text
    assert "<script>alert" not in answer.text
    made = tasks.create(world.service, "anna", tasks.Wanted(BACKUP, HOSTILE, {"folder": f"/{HOSTILE}"}, DAILY))
    for path in ("/tasks", f"/tasks/{made}"):
        assert harmless(admin.get(path).text), path


# --- the checklist ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R59")
def test_the_checklist_says_what_is_next_until_everything_is_there(admin: Reader, world: World) -> None:
    service = world.service
    patron = world.patron()
    assert "0 of 4: enter a mail account and test it." in admin.read("/notices/setup")
    office(service, tested=False)
    assert "0 of 4" in admin.read("/notices/setup")
    accounts.delete(service, "anna", "office")
    office(service)
    assert "1 of 4: enter e-mail addresses of patrons." in admin.read("/notices/setup")
    world.change_patron(patron, email="a@example.org")
    world.patron()
    shown = admin.read("/notices/setup")
    assert "2 of 4: create a task." in shown
    assert "1 of 2 patrons" in shown
    task = warnings(service, days=3)
    tasks.pause(service, "anna", task)
    assert "3 of 4: resume the task." in admin.read("/notices/setup")
    tasks.resume(service, "anna", task)
    world.rules()
    assert "Everything is there." in admin.read("/notices/setup")
    links = re.findall(r'href="/staff(/(?:mail|patrons|tasks)[^"]*)"', admin.get("/notices/setup").text)
    assert {"/mail", "/patrons", f"/tasks/{task}"} <= set(links)


@pytest.mark.requirement("R64")
def test_the_checklist_says_that_a_task_without_days_sends_nothing_where_no_rule_switches_warnings_on(
    admin: Reader, world: World
) -> None:
    office(world.service)
    warnings(world.service)
    assert "it sends nothing" in admin.read("/notices/setup")
    warnings_of = tasks.named(world.service, "Warnings")
    tasks.edit(
        world.service, "anna", warnings_of, tasks.Wanted(WARNINGS, "Warnings", {"account": "office", "days": 2}, DAILY)
    )
    assert "it sends nothing" not in admin.read("/notices/setup")


# --- as a person does it ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R63")
def test_a_task_is_made_paused_and_deleted_with_the_mouse(central: Central, world: World, opened: Open) -> None:
    page = opened(central)
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("link", name="Backup").click()
    page.get_by_label("Folder for backups").fill("/srv/backups")
    page.get_by_label("Times of day").fill("12:30")
    page.get_by_role("button", name="Make the task").click()
    expect(page.get_by_role("status")).to_contain_text("It runs by itself from now on")
    expect(page.locator("dl.facts")).to_contain_text("every day at 12:30")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("dl.facts")).to_contain_text("paused")
    page.get_by_text("Delete the task").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("status")).to_contain_text("The task is deleted.")
