"""Intents and screens as lines of JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import messages as m
from kiosk import screens as s
from kiosk.central.api import CardIdentifier
from kiosk.jsonlines import LineError, error_line, read_intent, write_screen


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ('{"intent": "borrow"}', m.Borrow()),
        ('{"intent": "pin", "digits": "1234"}', m.Pin("1234")),
        ('{"intent": "renew"}', m.Renew()),
        ('{"intent": "renew", "items": ["1", "2"]}', m.Renew(("1", "2"))),
        ('{"intent": "renew_row", "item": "1"}', m.RenewRow("1")),
        ('{"intent": "show_account"}', m.ShowAccount()),
        ('{"intent": "choose_receipt", "way": "none"}', m.ChooseReceipt("none")),
        (
            '{"intent": "card_typed", "card": {"kind": "barcode", "value": "2"}}',
            m.CardTyped(CardIdentifier("barcode", "2")),
        ),
    ],
)
def test_an_intent_is_read(line: str, intent: m.Intent) -> None:
    assert read_intent(line) == intent


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("nonsense", "not JSON"),
        ("[]", "object"),
        ("{}", "intent"),
        ('{"intent": "press_everything"}', "intent"),
        ('{"intent": "pin"}', "digits"),
        ('{"intent": "pin", "digits": 1234}', "digits"),
        ('{"intent": "borrow", "as": "desk"}', "as"),
        ('{"intent": "renew", "items": [1]}', "items"),
        ('{"intent": "card_typed", "card": {"kind": "face", "value": "2"}}', "card"),
        ("[" * 6000, "JSON"),
        ("x" * 20_000, "characters"),
    ],
)
def test_a_line_that_is_no_intent_names_the_place(line: str, place: str) -> None:
    with pytest.raises(LineError, match=place):
        read_intent(line)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_line_is_an_intent_or_an_error_of_ours(line: str) -> None:
    with suppress(LineError):
        read_intent(line)


def test_a_screen_is_one_line_with_its_name_and_plain_values() -> None:
    frame = s.Frame(1, "de", ("de", "en"), "Bücherei")
    row = s.Row("1", "红楼梦", "曹雪芹", "BOOK", s.RowState.LENT, s.Sentence("row.lent", {"date": date(2026, 6, 29)}))
    screen = s.Borrow(frame, s.Sentence("stack.more"), None, (row,), s.StackView(1, None, 0), None, True)
    line = write_screen(screen)
    assert "\n" not in line
    plain = json.loads(line)
    assert plain["screen"] == "Borrow"
    assert plain["rows"][0]["state"] == "lent"
    assert plain["rows"][0]["says"]["params"] == {"date": "2026-06-29"}


def test_half_a_letter_is_written_as_it_came_and_stops_nobody() -> None:
    frame = s.Frame(1, "de", ("de",), "half \ud800 a letter")
    line = write_screen(s.Starting(frame))
    assert json.loads(line.encode())["frame"]["library"] == "half \ud800 a letter"
    with pytest.raises(LineError) as caught:
        read_intent('{"intent": "borrow", "\\ud800": 1}')
    assert "error" in json.loads(error_line(caught.value).encode())
