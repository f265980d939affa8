"""Texts a library writes itself: what is wrong with them, their versions, where they hold, and what they become."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

import wording
from circulation import machine_settings
from circulation.errors import CirculationError
from circulation.notices import letterhead, previewing, templates
from circulation.notices.composing import Composing
from circulation.notices.content import (
    DUE_WARNING,
    OVERDUE,
    PAYMENT,
    RESERVATION,
    BranchSaid,
    Content,
    LoanSaid,
    Reader,
)
from circulation.notices.letterhead import Letterhead, MailWrongError, is_iban
from circulation.notices.templates import Chosen, Place, TemplateWrongError, Words
from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.notices.vocabulary import INVOICE
from circulation.service import Service
from circulation.store import staff as audit_store
from circulation.store import tables as t
from tests.circulation.world import World

BY = "anna"
HERE = Place("North", OVERDUE, "", EMAIL, "en")
OWN = Words("From us: {count}", "Dear {name},\n\n{items}\n\nNorth")
IBAN = "DE89370400440532013000"


def written(service: Service, place: Place = HERE, words: Words = OWN) -> int:
    number = templates.save(service, BY, place, words)
    templates.use(service, BY, place, number)
    return number


def content(level: str = "1", branch: str = "N1", channel: str = EMAIL, language: str = "en") -> Content:
    loan = LoanSaid(1, "3001", "Der Prozess", "Franz Kafka", "BOOK", date(2026, 5, 20), 12)
    to = "Mira Vogel\nWaldweg 3" if channel == LETTER else "mira@example.org"
    reader, house = Reader("p1", "Mira", "Vogel"), BranchSaid(branch, f"Branch {branch}")
    today = date(2026, 6, 1)
    return Content(
        "n1", OVERDUE, level, language, channel, to, reader, house, "Test library", "EUR", today, loans=(loan,)
    )


def label(chosen: Chosen) -> tuple[str | None, int | None]:
    return (str(chosen.place) if chosen.place else None, chosen.number)


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_version_is_kept_for_ever_and_used_only_when_it_is_said(service: Service, world: World) -> None:
    shipped = templates.holding(service, HERE)
    assert label(shipped) == (None, None)
    first = templates.save(service, BY, HERE, OWN)
    assert templates.holding(service, HERE) == shipped
    templates.use(service, BY, HERE, first)
    second = templates.save(service, "ben", HERE, replace(OWN, subject="Second"))
    assert (first, second) == (1, 2)
    assert templates.holding(service, HERE) == Chosen(OWN, HERE, 1)
    templates.use(service, "ben", HERE, second)
    assert templates.holding(service, HERE).words.subject == "Second"
    templates.use(service, "ben", HERE, first)
    assert templates.holding(service, HERE).words == OWN
    told = templates.versions(service, HERE)
    assert [(one.number, one.written_by, one.in_use) for one in told] == [(2, "ben", False), (1, BY, True)]
    assert told[1].written_at == service.clock()
    templates.use(service, BY, HERE, None)
    assert templates.holding(service, HERE) == shipped
    assert [one.in_use for one in templates.versions(service, HERE)] == [False, False]
    with service.database.reading() as db:
        lines = audit_store.audit(db, {"subject": "North/overdue/*/email/en"}, None, 20)
    assert [row.action for row in lines].count("template.save") == 2
    assert [row.action for row in lines].count("template.use") == 4


def test_a_version_or_place_that_is_not_there_is_refused(service: Service, world: World) -> None:
    with pytest.raises(CirculationError) as error:
        templates.use(service, BY, HERE, 7)
    assert error.value.code == "template_unknown"
    wrong = (
        replace(HERE, kind="party"),
        replace(HERE, level="9"),
        replace(HERE, channel="pigeon"),
        replace(HERE, language="xx"),
        replace(HERE, kind=DUE_WARNING, channel=LETTER),
    )
    for place in wrong:
        with pytest.raises(CirculationError) as error:
            templates.save(service, BY, place, OWN)
        assert error.value.code == "template_unknown"
    with pytest.raises(CirculationError) as error:
        templates.save(service, BY, replace(HERE, organisation="Nowhere"), OWN)
    assert error.value.code == "organisation_unknown"


def test_what_has_mistakes_is_not_kept(service: Service, world: World) -> None:
    with pytest.raises(TemplateWrongError) as error:
        templates.save(service, BY, HERE, Words("", "Hello {nmae}"))
    assert [one.code for one in error.value.mistakes] == ["subject_missing", "needed", "needed", "unknown"]
    assert templates.versions(service, HERE) == ()


# --- where a text holds -----------------------------------------------------------------------------------------------


def test_a_text_holds_below_until_one_there_has_its_own(service: Service, world: World) -> None:
    composing = Composing()

    def used(**more: str) -> tuple[str | None, int | None]:
        with service.database.reading() as db:
            return label(composing.chosen(db, content(**more)))

    assert used() == (None, None)
    written(service, replace(HERE, organisation="A"))
    assert used() == ("A/overdue/*/email/en", 1)
    written(service)
    assert used() == ("North/overdue/*/email/en", 1)
    written(service, replace(HERE, organisation="N1"))
    assert used() == ("N1/overdue/*/email/en", 1)
    assert used(branch="N2") == ("North/overdue/*/email/en", 1)
    written(service, replace(HERE, level="2"))
    assert used(branch="N2", level="2") == ("North/overdue/2/email/en", 1)
    assert used(level="2") == ("N1/overdue/*/email/en", 1)
    assert used(branch="N2", level="3") == ("North/overdue/*/email/en", 1)
    assert used(language="de") == (None, None)
    assert used(channel=SMS) == (None, None)


def test_what_is_written_for_all_levels_is_not_the_invoice(service: Service, world: World) -> None:
    written(service)
    with service.database.reading() as db:
        assert label(Composing().chosen(db, content(INVOICE))) == (None, None)


def test_a_letter_says_what_was_written_for_mail_unless_it_has_its_own(service: Service, world: World) -> None:
    written(service)
    with service.database.reading() as db:
        assert label(Composing().chosen(db, content(channel=LETTER))) == ("North/overdue/*/email/en", 1)
    written(service, replace(HERE, channel=LETTER))
    with service.database.reading() as db:
        assert label(Composing().chosen(db, content(channel=LETTER))) == ("North/overdue/*/letter/en", 1)


def test_a_message_is_composed_with_what_the_library_says(service: Service, world: World) -> None:
    composing = Composing()
    with service.database.reading() as db:
        before = composing(db)(content())
    written(service)
    letterhead.set_letterhead(service, BY, "A", Letterhead(contact="Tel. 1", account="https://a.example/"))
    letterhead.set_letterhead(service, BY, "N1", Letterhead(contact="Tel. 2"))
    with service.database.reading() as db:
        after = composing(db)(content())
    assert (before.subject, after.subject) == ("An item is overdue", "From us: 1")
    assert "Dear Mira Vogel,\n\n* Der Prozess\n" in after.text
    assert "Tel. 2\nhttps://a.example/\n" in after.text
    assert "Tel. 1" not in after.text


def test_a_language_there_is_none_of_falls_back_to_the_place_s(service: Service, world: World) -> None:
    composing = Composing()
    with service.database.reading() as db:
        assert composing(db)(content(language="fr")).language == "en"
    machine_settings.set_organisation(service, BY, "North", {"languages": ["de", "en"]})
    with service.database.writing() as db:
        db.execute(update(t.installation).values(house_version=t.installation.c.house_version + 1))
    with service.database.reading() as db:
        message = composing(db)(content(language="fr"))
    assert message.language == "de"
    assert "Guten Tag" in message.text


# --- letterheads ------------------------------------------------------------------------------------------------------


def test_each_field_of_a_letterhead_is_inherited_by_itself(service: Service, world: World) -> None:
    said = Letterhead("  Library \n\n Street 1 ", "Tel. 1", None, "Town", "de89 3704 0044 0532 0130 00", code=True)
    letterhead.set_letterhead(service, BY, "A", said)
    letterhead.set_letterhead(service, BY, "N1", Letterhead(contact="Tel. 2", code=False))
    own, holds = letterhead.letterheads(service, "N1")
    assert own == Letterhead(contact="Tel. 2", code=False)
    assert holds == Letterhead("Library\nStreet 1", "Tel. 2", None, "Town", IBAN, code=False)
    assert letterhead.letterheads(service, "N2")[1].contact == "Tel. 1"
    for call in (letterhead.letterheads, lambda s, o: letterhead.set_letterhead(s, BY, o, own)):
        with pytest.raises(CirculationError) as error:
            call(service, "Nowhere")
        assert error.value.code == "organisation_unknown"


@pytest.mark.parametrize(
    ("said", "place", "code"),
    [
        ({"iban": "DE88370400440532013000", "payee": "Town"}, "iban", "not_iban"),
        ({"iban": IBAN}, "payee", "missing"),
        ({"payee": "Town"}, "iban", "missing"),
        ({"iban": IBAN, "payee": "x" * 71}, "payee", "too_long"),
        ({"bic": "WRONG"}, "bic", "not_bic"),
        ({"account": "http://library.example"}, "account", "url_in_clear"),
        ({"account": "javascript:alert(1)"}, "account", "not_url"),
        ({"account": "http://localhost/"}, "account", "url_in_clear"),
        ({"address": "a\nb\nc\nd\ne\nf\ng"}, "address", "too_many_lines"),
        ({"contact": "a\x07b"}, "contact", "unprintable"),
    ],
)
def test_what_a_letterhead_cannot_say(service: Service, said: dict[str, Any], place: str, code: str) -> None:
    with pytest.raises(MailWrongError) as error:
        letterhead.set_letterhead(service, BY, "A", Letterhead(**said))
    (one,) = error.value.mistakes
    assert (one.place, one.code) == (place, code)
    assert all(wording.say_staff(f"mail.wrong.{code}", one.params, known) for known in wording.languages())
    assert letterhead.letterheads(service, "A")[0] == Letterhead()


def test_account_numbers_are_checked() -> None:
    assert all(map(is_iban, (IBAN, "AT611904300234573201", "CH9300762011623852957")))
    assert not any(
        map(is_iban, ("", "DE89", IBAN.lower(), IBAN[:-1] + "1", f"{IBAN} ", "de", "D389370400440532013000"))
    )


# --- preview ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R75")
def test_a_preview_of_a_real_loan_sends_and_records_nothing(service: Service, world: World) -> None:
    reader = world.patron(owes=350, email="mira@example.org", phone="+49 123", postal="Mira Vogel\nWaldweg 3")
    item = world.lent(reader, due=date(2026, 5, 20), title="Der Prozess", price=1990)
    (loan,) = world.open_loans(reader)
    before = everything(service)
    seen = previewing.preview(service, HERE, OWN, loan.id)
    assert (seen.subject, seen.to, seen.channel) == ("From us: 1", "mira@example.org", EMAIL)
    assert "* Der Prozess\n" in seen.text
    assert "Late: 12 days" in seen.text
    invoice = replace(HERE, level=INVOICE, channel=LETTER)
    paper = previewing.preview(service, invoice, templates.holding(service, invoice).words, loan.id, fee=100)
    assert paper.pdf is not None
    assert paper.to == "Mira Vogel\nWaldweg 3"
    assert "€24.40" in paper.text
    text = Words("", "{library}: {title_less}")
    with pytest.raises(TemplateWrongError):
        previewing.preview(service, replace(HERE, channel=SMS), text, loan.id)
    for kind in (DUE_WARNING, PAYMENT, RESERVATION):
        place = replace(HERE, kind=kind)
        assert previewing.preview(service, place, templates.holding(service, place).words, loan.id).html
    assert everything(service) == before
    assert item
    with pytest.raises(CirculationError) as error:
        previewing.preview(service, HERE, OWN, loan.id + 1)
    assert error.value.code == "loan_unknown"
    with pytest.raises(CirculationError) as error:
        previewing.preview(service, replace(HERE, organisation="Nowhere"), OWN, loan.id)
    assert error.value.code == "organisation_unknown"


def everything(service: Service) -> dict[str, list[Any]]:
    with service.database.reading() as db:
        return {table.name: list(map(tuple, db.execute(select(table)))) for table in t.metadata.sorted_tables}
