"""Saying a code: dates, plurals, money, a site's own words, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wording
from wording import WordingError, check_site_text, say, say_staff
from wording.catalogue import PATRON, catalogue

SATURDAY = date(2026, 12, 19)
TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("locale", "today", "text"),
    [
        ("en", TODAY, "Yours until Sat 19 December"),
        ("de", TODAY, "Ausgeliehen bis Sa., 19. Dezember"),
        ("de-AT", TODAY, "Ausgeliehen bis Sa., 19. Dezember"),
        ("en-GB", TODAY, "Yours until Sat 19 December"),
        ("en", date(2027, 1, 2), "Yours until Sat 19 December 2026"),
        ("de", None, "Ausgeliehen bis Sa., 19. Dezember 2026"),
    ],
)
def test_dates_have_a_year_only_if_it_is_not_this_one(locale: str, today: date | None, text: str) -> None:
    assert say("row.lent", {"date": SATURDAY}, locale, today=today) == text


@pytest.mark.parametrize(
    ("code", "params", "english", "german"),
    [
        (
            "stack.clear",
            {"n": 1},
            "Please take the last item off the pad.",
            "Bitte das letzte Medium von der Ablage nehmen.",
        ),
        (
            "stack.clear",
            {"n": 2},
            "Please take all items off the pad. 2 are still there.",
            "Bitte alle Medien von der Ablage nehmen. 2 liegen noch da.",
        ),
        ("receipt.returned_sum", {"n": 1}, "1 item returned", "1 Medium zurückgegeben"),
        ("receipt.returned_sum", {"n": 0}, "0 items returned", "0 Medien zurückgegeben"),
        ("receipt.sum", {"n": 1000}, "1,000 items borrowed", "1.000 Medien ausgeliehen"),
        ("start.open", {"time": time(19, 30)}, "Open until 19:30", "Geöffnet bis 19:30"),
        (
            "no.debt",
            {"amount": (1250, "EUR")},
            "Please pay €12.50 at the desk. After that you can borrow again.",
            "Bitte 12,50\xa0€ an der Theke bezahlen. Danach geht das Ausleihen wieder.",
        ),
        ("account.owed", {"amount": (5, "EUR")}, "€0.05 to pay", "0,05\xa0€ zu bezahlen"),
        ("account.owed", {"amount": (500, "JPY")}, "¥500 to pay", "500\xa0¥ zu bezahlen"),
        (
            "account.owed",
            {"amount": (10**30 + 5, "EUR")},
            f"€10{9 * ',000'}.05 to pay",
            f"10{9 * '.000'},05\xa0€ zu bezahlen",
        ),
        ("receipt.sum", {"n": 10**30}, f"1{10 * ',000'} items borrowed", f"1{10 * '.000'} Medien ausgeliehen"),
        ("part.headline", {"part": "part 2"}, "Lay part 2 on the pad too", "Bitte part 2 dazulegen"),
    ],
)
def test_each_value_is_written_as_the_language_does(
    code: str, params: dict[str, object], english: str, german: str
) -> None:
    assert say(code, params, "en") == english
    assert say(code, params, "de") == german


@pytest.mark.parametrize(
    ("until", "text"),
    [(datetime(2026, 6, 1, 14, 5, tzinfo=UTC), "14:05"), (datetime(2026, 6, 2, 0, 5, tzinfo=UTC), "Tue 2 June, 00:05")],
)
def test_an_instant_is_a_time_of_day_and_names_its_day_if_it_is_another(until: datetime, text: str) -> None:
    said = say("signin.pin_locked", {"time": until}, "en", today=TODAY)
    assert said == f"Please go to the desk, or come back at {text}. The card is locked until then."


@pytest.mark.requirement("R53")
def test_a_sites_own_words_replace_the_sentence_where_it_has_them() -> None:
    own = {"de": "Bitte an der Theke ausleihen.", "en": "Please borrow {kind} at the desk."}
    params = {"kind": "DVDs"}
    assert say("no.machine_out", params, "de", own) == "Bitte an der Theke ausleihen."
    assert say("no.machine_out", params, "de-CH", own) == "Bitte an der Theke ausleihen."
    assert say("no.machine_out", params, "en", own) == "Please borrow DVDs at the desk."
    assert say("no.machine_out", params, "en", {"de": "Nur dort."}) == (
        "Please borrow this at the desk. DVDs are lent only there."
    )


@pytest.mark.parametrize("text", ["", "Ask {somebody}."])
def test_own_words_that_cannot_be_said_give_way_to_the_standard_ones(text: str) -> None:
    assert say("no.card_lost", {}, "en", {"en": text}) == say("no.card_lost", {}, "en")


def test_own_words_must_keep_the_parameters() -> None:
    assert check_site_text("no.limit", "{have} of {max}").ok
    check = check_site_text("no.limit", "You have {have}, ask {staff}.")
    assert (check.ok, check.missing, check.unknown) == (False, ("max",), ("staff",))


@pytest.mark.parametrize(
    ("code", "params", "locale"),
    [
        ("no.such_code", {}, "en"),
        ("row.lent", {}, "en"),
        ("row.lent", {"date": None}, "en"),
        ("row.lent", {"date": True}, "en"),
        ("row.lent", {"date": 1.5}, "en"),
        ("no.debt", {"amount": (1, 2, 3)}, "en"),
        ("stack.clear", {}, "en"),
        ("row.lent", {"date": SATURDAY}, "tlh"),
        ("row.lent", {"date": SATURDAY}, ""),
    ],
)
def test_a_wrong_use_is_a_clear_error(code: str, params: dict[str, object], locale: str) -> None:
    with pytest.raises(WordingError):
        say(code, params, locale)


def test_a_text_is_taken_as_it_is_and_never_read_for_parameters() -> None:
    assert say("signin.hello", {"name": "{date} {0}"}, "en") == "Hello {date} {0}"
    assert say("stack.recognised", {"k": "<k>", "n": "<n>", "more": object()}, "en") == "<k> of <n> recognised"
    assert say("stack.clear", {"n": "<n>"}, "en") == "Please take all items off the pad. <n> are still there."


def test_staff_have_their_own_catalogue() -> None:
    assert say_staff("kind.periods.loan", {}, "de") == "Leihfrist"
    assert say_staff("refusal.patron_state.expired", {"until": date(2026, 5, 31)}, "en", TODAY) == (
        "The card was valid until Sun 31 May."
    )
    with pytest.raises(WordingError):
        say("kind.periods.loan", {}, "de")


EVERY = {
    name: st.text(max_size=5) | st.integers() | st.dates()
    for code in wording.codes()
    for name in wording.parameters(code)
}


@given(st.sampled_from(sorted(wording.codes())), st.fixed_dictionaries(EVERY), st.sampled_from(wording.languages()))
def test_every_code_can_be_said_with_its_parameters(code: str, params: dict[str, object], language: str) -> None:
    texts = dict.fromkeys(params, "…")
    said = say(code, params, language, today=TODAY)
    assert said
    entry = catalogue(PATRON, language).entry(code)
    assert say(code, texts, language) in {form.format_map(texts) for form in entry.forms}
