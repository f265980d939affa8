"""Receipts by e-mail: what was recorded for a patron at a machine, told once and at once (R67, R74)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from circulation import desk, operations, staffing
from circulation.jobs import claiming, running, tasks
from circulation.jobs.running import Run
from circulation.jobs.types import TYPES
from circulation.notices import looking, receipts, settling, templates
from circulation.notices.content import LENT, RECEIPT, RENEWED, RETURNED
from circulation.notices.types import EMAIL, Lost, Refused
from circulation.service import VERSION, Service, Workplace
from circulation.store import jobs
from circulation.store import notices as store
from circulation.store import tables as t
from circulation.store.job_tables import task
from circulation.store.notice_tables import message
from tests.circulation.mail_server import mail_server
from tests.circulation.mailed import ACCOUNT, Mailed
from tests.circulation.posting import DAILY, Post, later, rows, sends_receipts
from tests.circulation.running import Central, Machine, operation, serving, together
from tests.circulation.visiting import Visit
from tests.circulation.world import World


class Ring:
    """How often the scheduler was woken."""

    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        self.rung += 1


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def central(service: Service, ring: Ring) -> Iterator[Central]:
    with serving(service, ring) as running_:
        yield running_


@pytest.fixture
def post(service: Service, world: World) -> Post:
    """A task that sends receipts, with ways that only keep them."""
    world.rules()
    return sends_receipts(service)


def _task(service: Service) -> Any:
    (found,) = rows(service, select(task).where(task.c.type == receipts.TASK))
    return found


def _send(post: Post) -> list[Any]:
    """Run the task; what was taken in it."""
    before = len(post.boxes[EMAIL].taken)
    post.run(_task(post.service).id)
    found: list[Any] = post.boxes[EMAIL].taken[before:]
    return found


def _visit(world: World, machine: Machine, **patron: Any) -> Visit:
    return Visit(machine, world.patron(**{"email": "mira@example.org", **patron}))


# --- who can have one -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "possible"), [("mira@example.org", True), (None, False), ("  ", False), ("mira at example", False)]
)
def test_a_machine_hears_whether_a_receipt_can_be_sent_and_never_where_to(
    world: World, post: Post, machine: Machine, email: str | None, possible: bool
) -> None:
    visit = _visit(world, machine, email=email)
    assert visit.signed_in["mail"] is possible
    assert "example" not in str(visit.signed_in)
    visit.do("checkout", world.item())
    assert visit.ask() == ("" if possible else "receipt_no_address")
    assert len(post.messages()) == possible


def test_without_a_task_that_sends_them_there_are_none(service: Service, world: World, machine: Machine) -> None:
    world.rules()
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    assert visit.signed_in["mail"] is None
    assert visit.ask() == "receipt_off"


def test_a_task_that_rests_sends_none(service: Service, world: World, post: Post, machine: Machine) -> None:
    tasks.pause(service, "anna", _task(service).id)
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    assert (visit.signed_in["mail"], visit.ask()) == (None, "receipt_off")


@pytest.mark.requirement("R74")
def test_an_address_that_was_refused_for_good_is_none(
    service: Service, world: World, post: Post, machine: Machine
) -> None:
    post.boxes[EMAIL].answer = lambda _: Refused("550 no such user", permanent=True)
    barcode = world.patron(email="mira@example.org")
    first = Visit(machine, barcode)
    first.do("checkout", world.item())
    assert (first.ask(), _send(post)) == ("", [])
    again = Visit(machine, barcode)
    again.do("checkout", world.item())
    assert (again.signed_in["mail"], again.ask()) == (False, "receipt_no_address")
    world.change_patron(barcode, email="mira@example.com")
    assert Visit(machine, barcode).signed_in["mail"] is True


def test_only_who_is_signed_in_can_ask(world: World, post: Post, machine: Machine) -> None:
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    body = {"id": str(uuid4()), "operations": visit.done}
    assert machine.post("/receipts", body).json()["error"] == "session_ended"
    machine.post("/sign-out", Library_Session=visit.signed_in["token"])
    assert visit.ask() == "session_ended"
    assert post.messages() == []


# --- of what ----------------------------------------------------------------------------------------------------------


def test_it_tells_what_was_recorded_in_its_order(world: World, post: Post, machine: Machine) -> None:
    barcode = world.patron(email="mira@example.org", owes=150)
    old = world.lent(barcode)
    visit = Visit(machine, barcode)
    new = world.item()
    lent, renewed = visit.do("checkout", new), visit.do("renewal", old)
    assert visit.ask() == ""
    (_,) = _send(post)
    (content,) = post.contents
    assert [(one.item, one.done, str(one.due)) for one in content.loans] == [
        (new, LENT, lent["due"]),
        (old, RENEWED, renewed["due"]),
    ]
    assert (content.sums.owed, content.sums.fee, content.branch.id) == (150, 0, "N1")


def test_what_was_refused_what_is_anothers_and_what_nobody_asked_for_is_left_out(
    world: World, post: Post, central: Central, machine: Machine
) -> None:
    other = _visit(world, central.machine("N1"), email="other@example.org")
    here = _visit(world, machine)
    anothers = Visit(machine, world.patron(email="third@example.org"))
    mine = world.item()
    here.do("checkout", mine)
    assert here.do("checkout", world.item(state="withdrawn"))["outcome"] == "refused"
    for visit in (other, anothers):
        visit.do("checkout", world.item())
    assert here.ask(None, *other.done, *anothers.done, str(uuid4())) == ""
    _send(post)
    assert [[one.item for one in content.loans] for content in post.contents] == [[mine]]
    assert other.machine.post(
        "/receipts", {"id": str(uuid4()), "operations": here.done}, Library_Session=other.signed_in["token"]
    ).json()["error"] == ("receipt_nothing")


def test_nobody_is_written_to_about_a_return_without_a_card(world: World, post: Post, machine: Machine) -> None:
    barcode = world.patron(email="mira@example.org")
    back = operation("return", world.lent(barcode))
    machine.batch([back])
    visit = Visit(machine, world.patron(email="next@example.org"))
    assert visit.ask(None, back["id"]) == "receipt_nothing"


def test_at_the_desk_it_tells_of_returns_too(service: Service, world: World, post: Post) -> None:
    staffing.create(service, "test", "anna", "a good long password", ("desk",))
    reader = world.patron_id(barcode := world.patron(email="mira@example.org"))
    back = world.lent(barcode)
    at = desk.workplace(service, _signed_in(service))
    done = [str(uuid4()), str(uuid4())]
    new = world.item()
    operations.run(service, at, operations.Asked(done[0], "return", back, None))
    operations.run(service, at, operations.Asked(done[1], "checkout", new, reader))
    receipts.ask(service, at, receipts.Asked(str(uuid4()), reader, done))
    _send(post)
    (content,) = post.contents
    assert [(one.item, one.done, one.due is None) for one in content.loans] == [
        (back, RETURNED, True),
        (new, LENT, False),
    ]


def _signed_in(service: Service) -> Any:
    signed_in = staffing.sign_in(service, "anna", "a good long password", "N1")
    return staffing.by_token(service, signed_in["token"])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Ihre Quittung: 2 Medien", "ausgeliehen", "zurückgegeben", "Offen sind")),
        ("en", ("Your receipt: 2 items", "borrowed", "returned", "You owe us")),
    ],
)
def test_it_is_written_in_the_language_of_the_patron(
    service: Service, world: World, post: Post, machine: Machine, language: str, words: tuple[str, ...]
) -> None:
    barcode = world.patron(email="mira@example.org", language=language, owes=150)
    visit = Visit(machine, barcode)
    first, second = world.items(2)
    visit.do("checkout", first)
    visit.do("checkout", second)
    assert visit.ask() == ""
    with service.database.writing() as db:  # as if the second had been brought back at a desk
        store.set_notices(db, [post.notices()[1].id], {"level": RETURNED, "due": None})
    said = looking.again(service, looking.message(service, post.messages()[0].id))
    assert said is not None
    assert said.subject == words[0]
    assert all(word in said.text for word in words[1:])
    assert all(f"Title {item}" in said.text for item in (first, second))
    assert barcode not in said.text


# --- once -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R67", "R74")
def test_asked_again_it_is_one_message(world: World, post: Post, machine: Machine, ring: Ring) -> None:
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    request = str(uuid4())
    assert [visit.ask(request), visit.ask(request)] == ["", ""]
    assert len(_send(post)) == 1
    assert visit.ask(request) == ""
    assert visit.ask() == ""  # another request about nothing else
    assert (_send(post), len(post.messages()), ring.rung) == ([], 1, 4)


@pytest.mark.requirement("R67")
def test_a_later_receipt_tells_only_what_was_not_told(world: World, post: Post, machine: Machine) -> None:
    visit = _visit(world, machine)
    item = world.item()
    visit.do("checkout", world.item())
    visit.ask()
    visit.do("checkout", item)
    visit.ask()
    _send(post)
    assert [[one.item for one in content.loans] for content in post.contents][1:] == [[item]]


@pytest.mark.requirement("R67")
def test_asked_at_the_same_time_it_is_one_message(service: Service, world: World, post: Post, machine: Machine) -> None:
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    (place,) = rows(service, select(t.operation.c.machine_id))
    at = Workplace(place.machine_id, "N1")
    asked = receipts.Asked(str(uuid4()), visit.signed_in["patron"], visit.done)
    together(*[lambda: receipts.ask(service, at, asked)] * 4)
    assert len(post.messages()) == 1


@pytest.mark.requirement("R74")
def test_one_that_failed_is_told_by_the_next(world: World, post: Post, machine: Machine) -> None:
    box = post.boxes[EMAIL]
    barcode = world.patron(email="mira@example.org")
    visit = Visit(machine, barcode)
    visit.do("checkout", world.item())
    visit.ask()
    accepted, box.answer = box.answer, lambda _: Refused("550 no such user", permanent=True)
    assert _send(post) == []
    box.answer = accepted
    world.change_patron(barcode, email="mira@example.com")
    assert visit.ask() == ""
    assert [one.to for one in _send(post)] == ["mira@example.com"]
    assert [one.state for one in post.notices()] == ["sent"]


@pytest.mark.requirement("R67", "R74")
def test_one_that_may_have_left_is_not_repeated_until_somebody_says_that_it_has_not(
    service: Service, world: World, post: Post, machine: Machine
) -> None:
    box = post.boxes[EMAIL]
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    visit.ask()
    accepted, box.answer = box.answer, lambda _: Lost("no answer")
    assert _send(post) == []
    box.answer = accepted
    visit.ask()
    assert (_send(post), post.states()) == ([], [("uncertain", "lost")])
    (lost,) = post.messages()
    settling.settle(service, "anna", lost.id, left=False)
    assert _task(service).again_at == service.clock()
    assert (len(_send(post)), post.states()) == (1, [("sent", None)])


# --- at once ----------------------------------------------------------------------------------------------------------


def test_the_scheduler_is_asked_and_woken(
    service: Service, world: World, post: Post, machine: Machine, ring: Ring
) -> None:
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    assert (_task(service).again_at, ring.rung) == (None, 0)
    visit.ask()
    assert (_task(service).again_at, ring.rung) == (service.clock(), 1)
    claim = claiming.claim_due(service, "server")
    assert claim is not None
    assert claim.type == receipts.TASK


def test_what_is_asked_while_a_run_waits_for_a_later_try_is_not_put_off(
    service: Service, world: World, post: Post, machine: Machine
) -> None:
    visit = _visit(world, machine)
    visit.do("checkout", world.item())
    visit.ask()
    claim = claiming.claim_due(service, "server")
    assert claim is not None
    run = Run(claim, threading.Event())
    later(service, seconds=5)
    visit.do("checkout", world.item())
    visit.ask()
    asked = service.clock()
    later(service, seconds=5)
    run.ask_again(service.clock())
    claiming.finish(service, claim, jobs.DONE, {}, None, run.asked_again)
    assert _task(service).again_at == asked


def test_the_shipped_task_sends_it_by_the_account_it_names(service: Service, world: World, machine: Machine) -> None:
    world.rules()
    with mail_server() as server:
        Mailed(service, server)
        wanted = tasks.Wanted(receipts.TASK, "Receipts", {"account": ACCOUNT}, DAILY)
        made = tasks.create(service, "anna", wanted)
        visit = _visit(world, machine, language="de")
        item = world.item()
        due = date.fromisoformat(visit.do("checkout", item)["due"])
        assert visit.ask() == ""
        state, run = running.carry_out_by_hand(service, TYPES, "server", made, "anna")
        assert (state, run.counts) == (jobs.DONE, {"sent": 1})
        (letter,) = server.letters
    assert letter.to == ("mira@example.org",)
    assert letter.read["Subject"] == "Ihre Quittung: 1 Medium"
    assert f"Title {item}" in letter.text
    assert f"{due.day}." in letter.text


@pytest.mark.requirement("R78")
def test_it_is_kept_which_text_a_message_was_made_with(service: Service, world: World, machine: Machine) -> None:
    world.rules()
    own = templates.Place("North", RECEIPT, "", EMAIL, "en")
    words = templates.shipped(RECEIPT, "", EMAIL, "en")
    with mail_server() as server:
        Mailed(service, server)
        made = tasks.create(service, "anna", tasks.Wanted(receipts.TASK, "Receipts", {"account": ACCOUNT}, DAILY))
        visit = _visit(world, machine)
        for number in (None, templates.save(service, "anna", own, words), templates.save(service, "anna", own, words)):
            templates.use(service, "anna", own, number)
            visit.do("checkout", world.item())
            assert visit.ask() == ""
            running.carry_out_by_hand(service, TYPES, "server", made, "anna")
    kept = [one.made_with for one in rows(service, select(message))]
    place = {"organisation": "North", "kind": RECEIPT, "level": "", "channel": EMAIL, "language": "en"}
    assert kept == [{"shipped": VERSION}, {**place, "number": 1}, {**place, "number": 2}]


def test_a_task_names_an_account_that_can_be_used(service: Service, world: World) -> None:
    world.rules()
    with pytest.raises(tasks.TaskWrongError) as caught:
        tasks.create(service, "anna", tasks.Wanted(receipts.TASK, "Receipts", {"account": "nowhere"}, DAILY))
    assert [(one.place, one.code) for one in caught.value.mistakes] == [("options.account", "not_found")]
