"""The language of texts: every mistake has its place, nothing but values can be said, and every text ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wording
from circulation.errors import CirculationError
from circulation.notices import language, templates, vocabulary
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT
from circulation.notices.language import Block, Vocabulary, fill, parse
from circulation.notices.templates import Words
from circulation.notices.types import EMAIL, SMS
from circulation.notices.vocabulary import INVOICE
from tests.generated import examples

WORDS = Vocabulary(frozenset({"name", "fee"}), frozenset({"title", "due"}), frozenset({"items"}))
VALUES = {"name": "Mira", "fee": ""}
ITEMS = ({"title": "A {name}", "due": "today"}, {"title": "B", "due": ""})


def filled(text: str) -> tuple[str | Block, ...]:
    parsed = parse("body", text, WORDS)
    assert parsed.mistakes == ()
    return fill(parsed.nodes, VALUES, ITEMS)


def wrong(text: str, words: Vocabulary = WORDS) -> list[tuple[int, int, str]]:
    return [(one.line, one.column, one.code) for one in parse("body", text, words).mistakes]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello {name}!", "Hello Mira!"),
        ("{ name }", "Mira"),
        ("{{name}}", "{name}"),
        ("{if fee}costs{else}free{end}", "free"),
        ("{if name}{if fee}a{else}b{end}{end}", "b"),
        ("{if fee}a{end}", ""),
        ("{each}{title}{if due} ({due}){end}, {end}", "A {name} (today), B, "),
        ("{each}{name}{end}", "MiraMira"),
        ("", ""),
    ],
)
def test_a_text_is_filled_in(text: str, found: str) -> None:
    assert filled(text) == (found,)


def test_a_block_stands_between_texts() -> None:
    assert filled("a\n  {items} \nb") == ("a\n  ", Block("items"), " \nb")


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("Hello\n {nmae}", [(2, 2, "unknown")]),
        ("{name.__class__}", [(1, 1, "unknown")]),
        ("{name|upper}", [(1, 1, "unknown")]),
        ("{0}", [(1, 1, "unknown")]),
        ("{}", [(1, 1, "unknown")]),
        ("{if nobody}a{end}", [(1, 1, "unknown")]),
        ("{if}a{end}", [(1, 1, "unknown")]),
        ("a { b", [(1, 3, "brace")]),
        ("a } b", [(1, 3, "brace")]),
        ("{name\n}", [(1, 1, "brace"), (2, 1, "brace")]),
        ("{title}", [(1, 1, "only_in_each")]),
        ("{each}{each}{end}{end}", [(1, 7, "each")]),
        ("{each item}{end}", [(1, 1, "each")]),
        ("x {items}", [(1, 3, "alone")]),
        ("{each}\n{items}\n{end}", [(2, 1, "alone")]),
        ("{else}", [(1, 1, "else")]),
        ("{if fee}{else}{else}{end}", [(1, 15, "else")]),
        ("{each}{else}{end}", [(1, 7, "else")]),
        ("{end}", [(1, 1, "end")]),
        ("{if fee}{end now}{end}", [(1, 9, "end")]),
        ("a\n{if fee}b", [(2, 1, "not_ended")]),
        ("{each}{title}", [(1, 1, "not_ended")]),
        ("{if fee}" * 5 + "{end}" * 5, [(1, 33, "too_deep")]),
        ("{name}" * 101, [(1, 1, "too_many")]),
        ("x" * 10_001, [(1, 10_001, "too_long")]),
    ],
)
def test_a_mistake_has_its_line_and_column(text: str, mistakes: list[tuple[int, int, str]]) -> None:
    assert wrong(text) == mistakes
    for one in parse("body", text, WORDS).mistakes:
        for known in wording.languages():
            assert one.sentence(known)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{items}", 0),
        ("{each}{title} {due}{end}", 0),
        ("{each}{title}{end} {due}", 1),
        ("{if fee}\n{items}\n{end}", 2),
        ("{if fee}\n{items}\n{else}\n{items}\n{end}", 0),
        ("{if fee}\n{items}\n{else}{each}{title}{end}{end}", 2),
    ],
)
def test_what_has_to_be_there_has_to_be_there_in_any_case(text: str, missing: int) -> None:
    found = templates.mistakes(DUE_WARNING, "", EMAIL, Words("s", text))
    assert [one.code for one in found] == ["needed"] * missing


def test_what_has_to_be_there_depends_on_kind_level_and_way() -> None:
    def needed(kind: str, level: str, channel: str, body: str) -> list[object]:
        found = templates.mistakes(kind, level, channel, Words("" if channel == SMS else "s", body))
        return [one.params["names"] for one in found]

    assert needed(PAYMENT, "1", EMAIL, "Pay!") == ["{total}, {payment}"]
    assert needed(OVERDUE, INVOICE, EMAIL, "{items}") == ["{total}, {invoiced}, {payment}"]
    assert needed(OVERDUE, "1", EMAIL, "{items}") == []
    assert needed(DUE_WARNING, "", SMS, "{library}") == ["{due}"]
    assert needed(PAYMENT, "1", SMS, "{total}") == ["{library}, {branch}"]


def test_a_subject_says_nothing_personal_and_a_text_message_has_none() -> None:
    for name in ("name", "first_name", "last_name", "items", "total", "owed", "titles"):
        found = templates.mistakes(OVERDUE, "1", EMAIL, Words(f"{{{name}}}", "{items}"))
        assert [(one.part, one.code) for one in found] == [("subject", "unknown")]
    codes = {
        "": "subject_missing",
        " ": "subject_missing",
        "a\nb": "one_line",
        "x" * 201: "too_long",
    }
    for subject, code in codes.items():
        assert [one.code for one in templates.mistakes(OVERDUE, "1", EMAIL, Words(subject, "{items}"))] == [code]
    assert [one.code for one in templates.mistakes(OVERDUE, "1", SMS, Words("s", "{library}"))] == ["no_subject"]
    assert [one.code for one in templates.mistakes(OVERDUE, "1", SMS, Words("", "{library}\n\n{items}"))] == ["unknown"]


def test_a_text_that_would_fill_the_memory_ends() -> None:
    long = {"title": "x" * 300, "due": ""}
    nodes = parse("body", "{each}" + "{title}" * 99 + "{end}", WORDS).nodes
    with pytest.raises(CirculationError) as error:
        fill(nodes, VALUES, [long] * 100_000)
    assert error.value.code == "notice_too_long"


def test_thousands_of_parts_inside_one_another_are_a_mistake_and_nothing_worse() -> None:
    text = "{if fee}" * 700 + "{end}" * 700
    assert {one.code for one in templates.mistakes(OVERDUE, "1", EMAIL, Words("s", text))} == {"too_deep", "too_many"}


PIECES = st.sampled_from(
    ["{", "}", "{{", "}}", "{name}", "{items}", "{if fee}", "{else}", "{end}", "{each}", "{title}", "\n", "a", "{x}"]
)


@settings(max_examples=examples(400))
@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_is_filled_in_or_has_mistakes_with_a_place(text: str) -> None:
    parsed = parse("body", text, WORDS)
    lines = text.split("\n")
    for one in parsed.mistakes:
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
    if not parsed.mistakes:
        assert all(isinstance(part, str | Block) for part in fill(parsed.nodes, VALUES, ITEMS))
    language.parse("subject", text, vocabulary.of_subject(OVERDUE))
