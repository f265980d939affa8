"""Which loan is meant, and what is missing before anything can be sent: what staff need not know beforehand."""

from __future__ import annotations

import pytest

from circulation import staffing
from circulation.domain.noticing import DUNNING
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT
from circulation.service import Service
from circulation.staffing import ADMIN, DESK
from rules.rule import Rule
from tests.circulation.nightly import ON, REMIND, THREE, Nights, borrower
from tests.circulation.posting import at_seven, lend
from tests.circulation.running import Central
from tests.circulation.world import World, rule
from tests.console.looking import reader, text_of

TEXT = {"organisation": "A", "kind": "due_warning", "level": "", "channel": "email", "language": "en"}
WORDS = {"subject": "Due", "body": "Hello {name},\n\n{items}"}


@pytest.mark.requirement("R74")
def test_why_is_asked_from_the_patron_by_the_barcode_or_by_the_number_of_the_loan(
    world: World, service: Service, central: Central
) -> None:
    """Question 10, as somebody at a desk comes to it: with a patron, or with a book."""
    world.rules(ON, THREE)
    patron = borrower(world, "Mira")
    item = world.item(title="The Book")
    loan = lend(service, item, patron, "2026-06-18")
    at_seven(service, "2026-06-10")
    Nights(service).task(DUE_WARNING)
    with reader(central, DESK) as anna:
        assert f'href="/staff/notices/why?loan={loan}"' in anna.get("/notices", patron=patron).text
        assert "Nothing has been sent yet." in anna.read("/notices")
        assert "No notice is like that." in anna.read("/notices", state="failed")
        for given in (item, str(loan)):
            assert "Too early until Mon 15 June 2026" in anna.read("/notices/why", loan=given), given
        assert f"Number {loan}" in anna.read(f"/loans/{loan}")
        for given in ("nonsense", "9" * 30, "-1", "²"):
            answer = anna.get("/notices/why", loan=given)
            assert answer.status_code == 404, given
            assert "By its barcode an item is found only while it is lent." in text_of(answer.text), given


def test_a_patron_without_loans_is_told_of_as_such(world: World, central: Central) -> None:
    world.rules()
    patron = borrower(world, "Mira")
    with reader(central, DESK) as anna:
        assert "This patron has nothing on loan." in anna.read("/notices", patron=patron)


@pytest.mark.requirement("R75")
def test_a_text_is_previewed_with_whatever_item_is_lent(world: World, service: Service, central: Central) -> None:
    world.rules()
    item = world.item(title="The Book")
    lend(service, item, borrower(world, "Mira"), "2026-06-18")
    with reader(central, ADMIN) as anna:
        answer = anna.post("/notice-texts/edit", **TEXT, **WORDS, loan=item, do="check")
        assert answer.status_code == 200
        read = text_of(answer.text)
        assert "The Book" in read
        assert read.index("The Book") < read.index("What a text can say")  # below the text, not below all its help
        wrong = anna.post("/notice-texts/edit", **TEXT, **WORDS, loan="nonsense", do="check")
        assert wrong.status_code == 404
        assert "By its barcode an item is found only while it is lent." in text_of(wrong.text)


@pytest.mark.requirement("R59")
def test_before_rules_are_published_every_page_leads_to_the_drafts(
    world: World, service: Service, central: Central
) -> None:
    task = Nights(service).task(DUE_WARNING)
    with reader(central, *staffing.ROLES) as anna:
        drafts = 'href="/staff/drafts">Drafts</a>'
        for path in ("/notices/setup", "/notices/tonight", f"/tasks/{task}/preview"):
            page = anna.get(path).text.partition("<main")[2]
            assert "o rules" in page, path
            assert drafts in page, path
        assert "Everything is there." not in anna.read("/notices/setup")
        world.rules()
        assert "No rules are published yet" not in anna.read("/notices/setup")
    with reader(central, ADMIN, name="bert") as bert:
        assert drafts not in bert.get("/notices/setup").text.partition("<main")[2]


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(
    ("kind", "rules"),
    [(DUE_WARNING, (ON, THREE)), (OVERDUE, REMIND), (PAYMENT, (rule("dun", DUNNING.enable, True, level="1"),))],
)
def test_a_task_that_no_rule_lets_send_anything_says_so(
    world: World, service: Service, central: Central, kind: str, rules: tuple[Rule, ...]
) -> None:
    """Question 15, where the task is looked at."""
    world.rules()
    task = Nights(service).task(kind)
    with reader(central, ADMIN) as anna:
        for path in (f"/tasks/{task}", "/notices/tonight"):
            world.rules()
            assert "it sends nothing" in anna.read(path), path
            world.rules(*rules)
            assert "it sends nothing" not in anna.read(path), path


@pytest.mark.requirement("R64")
def test_a_task_with_days_of_its_own_needs_no_rule(world: World, service: Service, central: Central) -> None:
    world.rules()
    task = Nights(service).task(DUE_WARNING, days=3)
    with reader(central, ADMIN) as anna:
        assert "it sends nothing" not in anna.read(f"/tasks/{task}")
