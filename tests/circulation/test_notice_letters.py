"""How a letter is laid out on its pages: nothing stands alone on one, and every script keeps its direction."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from circulation.notices.content import OVERDUE, PAYMENT
from circulation.notices.saying import direction, kept_apart
from circulation.notices.types import LETTER
from circulation.notices.vocabulary import INVOICE
from tests.circulation.test_notice_texts import LOANS, content, made, plain_spaces

ARABIC = "ألف ليلة وليلة حكايات من الشرق القديم مع رسوم كثيرة 1001 Nights في طبعة جديدة منقحة ومزيدة"


def sheets(items: int, title: str = "Title {}", language: str = "en") -> list[str]:
    """The text of each page of an invoice for so many items."""
    loans = tuple(replace(LOANS[0], id=number, title=title.format(number)) for number in range(1, items + 1))
    pdf = made(content(OVERDUE, INVOICE, LETTER, language, loans=loans)).pdf
    assert pdf is not None
    return [plain_spaces(page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.requirement("R58")
@pytest.mark.parametrize("items", range(1, 30))
def test_how_to_pay_and_the_greeting_stand_with_what_they_belong_to(items: int) -> None:
    pages = sheets(items)
    paying = next(text for text in pages if "DE89 3704" in text)
    assert "To be paid" in paying
    assert f"Title {items} " in paying
    assert "talk to us before you pay" in pages[-1]
    assert "Kind regards" in pages[-1]


def test_a_page_that_goes_on_says_what_of_and_to_whom() -> None:
    first, *others = sheets(40)
    assert others
    assert "Continued:" not in first
    assert all("Continued: Invoice for 40 items" in text and "Mira Vogel · Mon 15 June 2026" in text for text in others)
    assert "Fortsetzung: Rechnung über 40" in sheets(40, language="de")[1]


def test_what_a_fee_is_for_begins_its_line_with_a_capital_and_a_title_stays_as_it_is() -> None:
    assert "* Returned late\n" in made(content(PAYMENT, "1")).text
    assert "* iPhone" in made(content(OVERDUE, "1", loans=(replace(LOANS[0], title="iPhone"),))).text


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("Der Prozess", "ltr"),
        (ARABIC, "rtl"),
        (kept_apart(ARABIC), "rtl"),
        ("1001 ليلة", "rtl"),
        ("Tales from ألف ليلة", "ltr"),
        ("סיפור על אהבה", "rtl"),
        ("紅樓夢", "ltr"),
        ("2001", "ltr"),
        ("", "ltr"),
    ],
)
def test_a_text_is_read_as_its_first_letter_is(text: str, way: str) -> None:
    assert direction(text) == way


def test_every_line_of_a_title_from_right_to_left_begins_at_the_right() -> None:
    pdf = made(content(OVERDUE, INVOICE, LETTER, loans=(replace(LOANS[0], title=ARABIC),))).pdf
    assert pdf is not None
    where: dict[str, float] = {}

    def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        where.setdefault(text.strip(), tm[4] * cm[0] + tm[5] * cm[2] + cm[4])

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=visit)
    edge = where["Franz Kafka"]
    lines = [x for text, x in where.items() if set(text.split()) <= set(ARABIC.split()) and text]
    assert len(lines) > 1
    assert all(x > edge + 1 for x in lines)  # the shorter a line, the farther from the left edge it begins
