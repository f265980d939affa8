"""What can be said of machine settings: nothing a machine could not use; the deepest that says something decides."""

from __future__ import annotations

import colorsys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import wording
from circulation.domain import policy
from circulation.domain.policy import ACCENTS, DEFAULT, SETTINGS, Held, Source, SourceKind, Type, mistakes
from kiosk.config import Session
from kiosk.session.state import Settings
from ui import tokens

SECONDS = [one for one in SETTINGS.values() if one.type is Type.SECONDS]
BRANCH = Source(SourceKind.ORGANISATION, "N1")
ABOVE = Source(SourceKind.ORGANISATION, "A")
MACHINE = Source(SourceKind.MACHINE, "m")


def wrong(**own: Any) -> list[tuple[str, str]]:
    return [(one.place, one.code) for one in mistakes(own)]


# --- what a machine can use -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SECONDS, ids=lambda setting: setting.name)
def test_the_bounds_of_a_time_are_those_of_the_machine(setting: policy.Setting) -> None:
    assert Session.model_fields[setting.name].default == setting.default
    for value in (setting.least, setting.most):
        assert getattr(Session.model_validate({setting.name: value}), setting.name) == value
        assert wrong(**{setting.name: value}) == []
    for value in (setting.least - 1, setting.most + 1):
        assert wrong(**{setting.name: value}) == [(setting.name, "number")]
        with pytest.raises(ValidationError):
            Session.model_validate({setting.name: value})


def test_every_time_of_the_machine_can_be_set() -> None:
    assert {one.name for one in SECONDS} == {name for name in Session.model_fields if name.endswith("_seconds")}


def test_the_machines_core_takes_the_shortest_warning_and_any_languages_that_can_be_said() -> None:
    assert list(SETTINGS["languages"].default) == Session().languages
    Settings(library="x", languages=("de",), id_seed="x", warn=float(SETTINGS["warn_seconds"].least))
    assert wrong(languages=list(reversed(wording.languages()))) == []


@given(
    st.dictionaries(
        st.sampled_from([*SETTINGS, "colour"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        ),
    )
)
def test_whatever_is_said_is_right_or_named_with_its_place(own: dict[str, Any]) -> None:
    found = mistakes(own)
    for one in found:
        assert one.place.partition(".")[0] in own
        assert one.place.isascii()
        for language in ("en", "de"):
            assert wording.say_staff(f"policy.wrong.{one.code}", one.params, language)
    if not found:
        held = policy.policy([(BRANCH, own)])
        assert all(held.values[name].source == BRANCH for name in own if name != "texts")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"colour": "red"}, [("colour", "unknown")]),
        ({"c\u00f6l": 1}, [("c\\xf6l", "unknown")]),
        ({"idle_seconds": 90.0}, [("idle_seconds", "number")]),
        ({"idle_seconds": True}, [("idle_seconds", "number")]),
        ({"idle_seconds": None}, [("idle_seconds", "number")]),
        ({"offline_loans": 0}, []),
        ({"offline_loans": 21}, [("offline_loans", "number")]),
        ({"sounds": 1}, [("sounds", "yes_no")]),
        ({"receipts": "never"}, []),
        ({"receipts": "sometimes"}, [("receipts", "choice")]),
        ({"receipts": ["ask"]}, [("receipts", "choice")]),
        ({"accent": "plum"}, []),
        ({"accent": "#FFFF00"}, [("accent", "choice")]),
        ({"languages": []}, [("languages", "languages")]),
        ({"languages": "de"}, [("languages", "languages")]),
        ({"languages": ["de", "xx", "de"]}, [("languages.1", "language"), ("languages.2", "language_twice")]),
        ({"languages": [["de"]]}, [("languages.0", "language")]),
        ({"library_name": None}, []),
        ({"library_name": "Stadtbücherei Neustadt"}, []),
        ({"library_name": ""}, [("library_name", "name")]),
        ({"library_name": " x"}, [("library_name", "name")]),
        ({"library_name": "a\nb"}, [("library_name", "name")]),
        ({"library_name": "x" * 61}, [("library_name", "name")]),
        ({"sounds": "yes", "idle_seconds": 1}, [("sounds", "yes_no"), ("idle_seconds", "number")]),
    ],
)
def test_every_mistake_is_told_with_its_place(own: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert wrong(**own) == expected


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (None, []),
        ({"0": [["09:00", "18:00"]]}, []),
        ({"0": [["00:00", "24:00"]], "1": []}, []),
        ({"0": [["09:00", "12:30"], ["12:30", "18:00"]]}, []),
        ([], [("opening_hours", "hours")]),
        ({}, [("opening_hours", "never_open")]),
        ({"0": [], "6": []}, [("opening_hours", "never_open")]),
        ({"7": [["09:00", "18:00"]]}, [("opening_hours.7", "weekday")]),
        ({"0": "09:00-18:00"}, [("opening_hours.0", "openings")]),
        ({"0": [["09:00", "18:00"]] * 9}, [("opening_hours.0", "openings")]),
        ({"0": [["9:00", "18:00"]]}, [("opening_hours.0.0", "opening")]),
        ({"0": [["09:00", "24:30"]]}, [("opening_hours.0.0", "opening")]),
        ({"0": [["09:00"]]}, [("opening_hours.0.0", "opening")]),
        ({"0": [["09:00", 18]]}, [("opening_hours.0.0", "opening")]),
        ({"0": [["18:00", "09:00"]]}, [("opening_hours.0.0", "opening_order")]),
        ({"0": [["09:00", "09:00"]]}, [("opening_hours.0.0", "opening_order")]),
        ({"0": [["24:00", "24:00"]]}, [("opening_hours.0.0", "opening_order")]),
        ({"0": [["09:00", "12:00"], ["11:59", "18:00"]]}, [("opening_hours.0.1", "opening_order")]),
    ],
)
def test_opening_hours_follow_one_another(hours: Any, expected: list[tuple[str, str]]) -> None:
    assert wrong(opening_hours=hours) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"no.limit": {"de": "{have} von {max}: bitte zuerst etwas zurückgeben."}}, []),
        ({"no.limit": {"de": "Zu viel."}}, [("texts.no.limit.de", "text_missing")]),
        (
            {"no.limit": {"en": "{have}, {many}"}},
            [("texts.no.limit.en", "text_missing"), ("texts.no.limit.en", "text_extra")],
        ),
        ({"no.limit": {"xx": "{have} {max}"}}, [("texts.no.limit.xx", "language")]),
        ({"no.limit": "Zu viel."}, [("texts.no.limit", "texts")]),
        ({"time.ask": {"de": "Noch da?"}}, []),
        ({"time.ask": {"de": " "}}, [("texts.time.ask.de", "text")]),
        ({"time.ask": {"de": "a\nb"}}, [("texts.time.ask.de", "text")]),
        ({"time.ask": {"de": "a\x00b"}}, [("texts.time.ask.de", "text")]),
        ({"time.ask": {"de": "x" * 301}}, [("texts.time.ask.de", "text")]),
        ({"time.ask": {"de": 3}}, [("texts.time.ask.de", "text")]),
        ({"no.such": {"de": "x"}}, [("texts.no.such", "text_unknown")]),
        ({"format.date": {"de": "d. MMMM"}}, [("texts.format.date", "text_unknown")]),
        (["no.limit"], [("texts", "texts")]),
    ],
)
def test_a_sites_words_keep_what_the_sentence_tells(texts: Any, expected: list[tuple[str, str]]) -> None:
    assert wrong(texts=texts) == expected


@pytest.mark.parametrize("name", ACCENTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_reads_well_and_is_not_mistaken_for_a_state(name: str, theme: str) -> None:
    known = tokens.load().colours[theme]
    colour = tokens.rgba(getattr(ACCENTS[name], theme))
    for ground in ("paper", "surface", "on_primary"):
        assert tokens.contrast(colour, known[ground]) >= 7, ground
    for state in ("ok", "act", "stop", "staff"):
        assert apart(colour, known[state]) >= 25, state


def test_the_default_colour_is_the_machines_own() -> None:
    accent = ACCENTS[SETTINGS["accent"].default]
    colours = tokens.load().colours
    assert [tokens.rgba(accent.light), tokens.rgba(accent.dark)] == [colours[t]["primary"] for t in ("light", "dark")]


def apart(one: tokens.Rgba, other: tokens.Rgba) -> float:
    """Degrees between two hues."""
    first, second = (colorsys.rgb_to_hls(*colour[:3])[0] * 360 for colour in (one, other))
    return min(abs(first - second), 360 - abs(first - second))


# --- what holds -------------------------------------------------------------------------------------------------------


def test_where_nobody_says_anything_the_defaults_hold() -> None:
    held = policy.policy([(BRANCH, {}), (ABOVE, {})])
    assert held.values == {name: Held(one.default, DEFAULT) for name, one in SETTINGS.items() if name != "texts"}
    assert held.texts == {}
    assert mistakes({name: one.default for name, one in SETTINGS.items()}) == ()


def test_the_deepest_that_says_something_decides() -> None:
    levels: list[policy.Level] = [
        (MACHINE, {"sounds": False, "opening_hours": None}),
        (BRANCH, {"sounds": True, "idle_seconds": 60}),
        (ABOVE, {"idle_seconds": 120, "goodbye_seconds": 5, "opening_hours": {"0": [["09:00", "18:00"]]}}),
    ]
    held = policy.policy(levels).values
    assert held["sounds"] == Held(False, MACHINE)
    assert held["idle_seconds"] == Held(60, BRANCH)
    assert held["goodbye_seconds"] == Held(5, ABOVE)
    assert held["opening_hours"] == Held(None, MACHINE)
    assert held["warn_seconds"].source == DEFAULT


def test_words_are_inherited_sentence_by_sentence_and_language_by_language() -> None:
    held = policy.policy(
        [
            (BRANCH, {"texts": {"time.ask": {"de": "Da?"}}}),
            (ABOVE, {"texts": {"time.ask": {"de": "Noch da?!", "en": "There?"}, "time.ended": {"de": "Tschüss"}}}),
        ]
    )
    assert held.texts == {
        "time.ask": {"de": Held("Da?", BRANCH), "en": Held("There?", ABOVE)},
        "time.ended": {"de": Held("Tschüss", ABOVE)},
    }
    assert held.plain_texts() == {"time.ask": {"de": "Da?", "en": "There?"}, "time.ended": {"de": "Tschüss"}}


def test_what_an_older_version_stored_and_no_machine_can_use_now_is_passed_over() -> None:
    texts = {"no.such": {"de": "x"}, "no.limit": {"de": "Zu viel.", "en": "{have} of {max}"}, "time.ask": "x"}
    held = policy.policy(
        [
            (BRANCH, {"idle_seconds": 1, "gone": 1, "texts": texts}),
            (ABOVE, {"idle_seconds": 100, "texts": [1]}),
        ]
    )
    assert held.values["idle_seconds"] == Held(100, ABOVE)
    assert "gone" not in held.values
    assert held.plain_texts() == {"no.limit": {"en": "{have} of {max}"}}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_name_and_a_meaning(name: str, language: str) -> None:
    assert wording.say_staff(f"policy.name.{name}", {}, language)
    assert wording.say_staff(f"policy.meaning.{name}", {}, language)
