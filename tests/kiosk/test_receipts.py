"""Receipts: what is on the paper, in which letters, and what never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from escpos.printer import Dummy
from PIL import Image, ImageChops

from kiosk.effects import Receipt, ReceiptLine
from kiosk.messages import Now
from kiosk.receipts import DOTS_A_COLUMN, FONTS, ReceiptWriter, _fitting
from kiosk.screens import Sentence

NOW = Now(0.0, datetime(2026, 11, 25, 17, 0, tzinfo=ZoneInfo("Europe/Berlin")))
LENT = Sentence("row.lent", {"date": date(2026, 12, 19)})
PICTURE = b"\x1dv0"
SELECT_1252 = b"\x1bt\x10"


def _receipt(*titles: str, language: str = "en", staff: tuple[str, ...] = ()) -> Receipt:
    lines = tuple(ReceiptLine(title, LENT, date(2026, 12, 19)) for title in titles)
    for_staff = tuple(ReceiptLine(title, Sentence("row.door")) for title in staff)
    return Receipt(language, Sentence("receipt.sum", {"n": len(titles)}), lines, for_staff)


def _paper(receipt: Receipt, fonts: tuple[str, ...] = FONTS, columns: int = 42) -> bytes:
    return ReceiptWriter("Lindenau City Library", columns, fonts).render(receipt, NOW)


def test_titles_due_dates_and_the_staff_list_are_on_it() -> None:
    paper = _paper(_receipt("Moby-Dick", staff=("Emma",)))
    for words in (b"Lindenau City Library", b"1 item borrowed", b"Moby-Dick", b"Yours until Sat 19 December", b"Emma"):
        assert words in paper
    assert b"Please show to staff" in paper
    assert paper.rstrip(b"\n").endswith((b"\x1dV\x00", b"\x1dVA\x00", b"\x1dV\x01"))


@pytest.mark.requirement("R86")
def test_what_was_renewed_is_counted_beside_what_was_lent() -> None:
    renewed = ReceiptLine("Emma", Sentence("row.renewed", {"date": date(2026, 12, 19)}), date(2026, 12, 19))
    lent = _receipt("Moby-Dick")
    also = Sentence("receipt.renewed_sum", {"n": 1})
    paper = _paper(replace(lent, lines=(*lent.lines, renewed), also=also))
    for words in (b"1 item borrowed", b"1 item renewed", b"Renewed until Sat 19 December"):
        assert words in paper


def test_accents_are_printed_in_the_code_page_that_was_chosen() -> None:
    paper = _paper(_receipt("À la recherche", language="de"))
    assert SELECT_1252 in paper
    assert "À la recherche".encode("cp1252") in paper
    assert "2 Medien".encode("cp1252") not in paper


def test_what_the_printer_cannot_write_is_a_picture_and_never_another_spelling() -> None:
    paper = _paper(_receipt("Преступление и наказание"))
    assert PICTURE in paper
    assert b"?" not in paper.split(PICTURE)[0]


def test_without_a_font_that_covers_it_the_line_says_so_by_question_marks() -> None:
    paper = _paper(_receipt("Преступление"), fonts=())
    assert PICTURE not in paper
    assert b"????????????" in paper


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_no_line_is_longer_than_the_paper(columns: int) -> None:
    title = "The Extraordinarily Long Title of a Book That Nobody Ever Finished Reading to Its Very End"
    for line in _paper(_receipt(title), columns=columns).split(b"\n"):
        text = line.replace(b"\x1bE\x00", b"").replace(b"\x1bE\x01", b"")
        assert len(text) <= columns + 6


@pytest.mark.parametrize(
    "text", ["A\x1b@B", "A\x1dV\x00B", "A\x10\x14\x01\x03\x01B", "A\nB", "A\ud800B", "红\x1b@\ud800楼"]
)
def test_a_title_gives_the_printer_no_orders(text: str) -> None:
    plain = "".join(" " if sign < " " or "\ud800" <= sign <= "\udfff" else sign for sign in text)
    assert _paper(_receipt(text)) == _paper(_receipt(plain))


@pytest.mark.parametrize(
    "title",
    ["红楼梦" * 20, "Преступление и наказание, полное издание в двух томах", "كتاب ألف ليلة وليلة " * 4, "Ы" * 90],
)
@pytest.mark.parametrize("columns", [32, 42])
def test_pictures_of_a_long_title_hold_all_of_it_and_fit_the_paper(title: str, columns: int) -> None:
    writer = ReceiptWriter("Library", columns)
    font = writer._font_for(title)
    assert font is not None
    lines = _fitting(font, title, columns * DOTS_A_COLUMN)
    assert "".join(lines).replace(" ", "") == title.replace(" ", "")
    assert all(font.getlength(line) <= columns * DOTS_A_COLUMN for line in lines)
    assert _paper(_receipt(title), columns=columns).count(PICTURE) == len(lines)


def test_what_is_written_from_right_to_left_begins_at_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[Image.Image] = []
    monkeypatch.setattr(Dummy, "image", lambda self, picture, **_: pictures.append(picture))
    _paper(_receipt("كتاب", "книга"))
    boxes = [ImageChops.invert(picture.convert("L")).getbbox() for picture in pictures]
    arabic, russian = boxes
    assert arabic is not None
    assert russian is not None
    width = 42 * DOTS_A_COLUMN
    assert arabic[0] > width // 2
    assert russian[2] < width // 2


def test_a_script_no_font_here_has_is_printed_as_far_as_it_can_be() -> None:
    paper = _paper(_receipt("Book 𐀀 of Linear B"), fonts=FONTS[1:2])
    assert b"Book ? of Linear B" in paper
