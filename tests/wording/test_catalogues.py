"""The catalogues: complete, with the same parameters, in the style of ui.md 6."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import wording
from wording.catalogue import PATRON, STAFF, Catalogue, Gap, WordingError, catalogue, gaps, joined, read_catalogue

LETTERS = {"en": 95, "de": 100}
HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def test_english_and_german_are_there_and_english_is_first() -> None:
    assert wording.languages()[:2] == ("en", "de")


@pytest.mark.parametrize("domain", [PATRON, STAFF])
def test_every_language_has_every_code_with_the_same_parameters(domain: str) -> None:
    assert wording.complete(domain) == ()


def written(tmp_path: Path, name: str, body: str) -> Catalogue:
    path = tmp_path / f"{name}.po"
    path.write_text(HEADER + body, encoding="utf-8")
    return read_catalogue(path, name)


def test_every_kind_of_gap_is_found(tmp_path: Path) -> None:
    english = written(
        tmp_path,
        "en",
        'msgid "a"\nmsgstr "{x}"\n\nmsgid "b"\nmsgstr "b"\n\nmsgid "c"\nmsgid_plural "{n}"\nmsgstr[0] "1 {x}"\n'
        'msgstr[1] "{n} {x}"\n\nmsgid "e"\nmsgstr "e"\n',
    )
    german = written(
        tmp_path,
        "de",
        'msgid "a"\nmsgstr "{y}"\n\n#, fuzzy\nmsgid "b"\nmsgstr "b"\n\nmsgid "c"\nmsgid_plural "{n}"\nmsgstr[0] "1"\n'
        'msgstr[1] "{n} {x}"\n\nmsgid "d"\nmsgstr "d"\n\nmsgid "e"\nmsgid_plural "{n}"\nmsgstr[0] "e"\nmsgstr[1] ""\n',
    )
    assert set(gaps(english, german)) == {
        Gap("de", "a", "parameters"),
        Gap("de", "a", "form_parameters"),
        Gap("de", "b", "missing"),
        Gap("de", "c", "form_parameters"),
        Gap("de", "d", "extra"),
        Gap("de", "e", "parameters"),
        Gap("de", "e", "counted"),
        Gap("de", "e", "forms"),
    }
    assert gaps(english, english) == ()


@pytest.mark.parametrize("body", ['msgid "a"\nmsgid_plural "n"\nmsgstr[0] "x"\nmsgstr[1] "y"\n', "msgid nonsense\n"])
def test_a_file_that_is_no_catalogue_is_an_error_of_ours(tmp_path: Path, body: str) -> None:
    with pytest.raises(WordingError):
        written(tmp_path, "en", body)


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(WordingError, match="cannot be read"):
        read_catalogue(tmp_path / "patron.po", "en")


def test_a_code_that_two_files_say_is_an_error_of_ours(tmp_path: Path) -> None:
    twice = written(tmp_path, "en", 'msgid "a"\nmsgstr "x"\n')
    assert joined([twice]).entries.keys() == {"a"}
    with pytest.raises(WordingError, match="a said twice"):
        joined([twice, twice])


STYLE: dict[str, Callable[[str, str], object]] = {
    "too long": lambda language, form: len(form) > LETTERS[language],
    "shouts": lambda _, form: "!" in form,
    "begs twice": lambda _, form: len(re.findall(r"(?i)\b(please|bitte)\b", form)) > 1,
    "speaks of mistakes": lambda _, form: re.search(
        r"(?i)\b(error|invalid|failed|denied|fehler|ungültig|verweigert)", form
    ),
    "says du or Sie": lambda language, form: (
        language == "de" and re.search(r"\b(du|dir|dich|dein\w*|Ihr\w*|Ihnen)\b|\w Sie\b", form)
    ),
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("fault", sorted(STYLE))
def test_each_sentence_keeps_the_style(language: str, fault: str) -> None:
    entries = catalogue(PATRON, language).entries.values()
    faulty = [entry.code for entry in entries for form in entry.forms if STYLE[fault](language, form)]
    assert faulty == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_refusal_is_longer_than_two_sentences(language: str) -> None:
    for code, entry in catalogue(PATRON, language).entries.items():
        if code.startswith(("no.", "row.")) and code not in {"no.machine_in", "no.renew_early", "no.set_in"}:
            for form in entry.forms:
                assert len(re.findall(r"[.?](?= |$)", form)) <= 2, code
