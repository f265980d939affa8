"""The catalogues: what every code says in every language, read from the .po files beside this module.

Responsible for reading and for the check that all languages have the same codes with the same parameters. Not
responsible for filling in parameters (sentences, formats).

In a .po file the msgid is the code. Where a sentence depends on a number, msgid_plural is the name of the parameter
that counts, in braces ("{n}"); the forms stand in the order of the file's Plural-Forms. A form may leave the counting
parameter out ("1 item"), every other parameter must be in every form.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po

PATRON = "patron"
STAFF = "staff"
# What staff read has two files: what rules and circulation say, and the pages of the console.
FILES: Mapping[str, tuple[str, ...]] = {PATRON: ("patron",), STAFF: ("staff", "console")}
LOCALES = Path(__file__).parent / "locale"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class WordingError(Exception):
    """A code, language or parameter that is not there: a mistake of whoever asked, or of a catalogue."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sentence.

    Attributes:
        forms: one, or the plural forms in the catalogue's order.
        counted: parameter that chooses the form, None for a sentence with one form.
    """

    code: str
    forms: tuple[str, ...]
    counted: str | None

    @property
    def parameters(self) -> frozenset[str]:
        """Every parameter of the sentence."""
        named = {name for form in self.forms for name in PLACEHOLDER.findall(form)}
        return frozenset(named if self.counted is None else named | {self.counted})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language of one domain. ``plural``: number -> place of the form."""

    language: str
    entries: Mapping[str, Entry]
    plural: Callable[[int], int]
    forms: int

    def entry(self, code: str) -> Entry:
        """The sentence of a code.

        Raises:
            WordingError: there is none.
        """
        try:
            return self.entries[code]
        except KeyError:
            raise WordingError(f"there is no sentence {code!r} in language {self.language}") from None


def _entry(message: Message) -> Entry:
    texts = message.string or ""
    forms = (texts,) if isinstance(texts, str) else tuple(texts)
    if isinstance(message.id, str):
        return Entry(message.id, forms, None)
    code, counted = message.id
    found = PLACEHOLDER.fullmatch(counted)
    if found is None:
        raise WordingError(f"{code}: msgid_plural must be the counting parameter in braces, not {counted!r}")
    return Entry(code, forms, found[1])


def read_catalogue(path: Path, language: str) -> Catalogue:
    """Read one .po file. Entries that are marked fuzzy or have no text are not in it.

    Raises:
        WordingError: the file is not there or not a catalogue.
    """
    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=language, abort_invalid=True)
        plural = gettext.c2py(catalog.plural_expr)
    except (OSError, ValueError, PoFileError) as error:
        raise WordingError(f"{path.name} of language {language} cannot be read: {error}") from None
    entries = [_entry(message) for message in catalog if message.id and message.string and not message.fuzzy]
    return Catalogue(language, {entry.code: entry for entry in entries}, plural, catalog.num_plurals)


@cache
def languages(domain: str = PATRON) -> tuple[str, ...]:
    """Languages there are, English first."""
    found = sorted(path.parent.parent.name for path in LOCALES.glob(f"*/LC_MESSAGES/{domain}.po"))
    return tuple(sorted(found, key=lambda language: language != "en"))


@cache
def catalogue(domain: str, language: str) -> Catalogue:
    """A catalogue of this package, read at first use.

    Raises:
        WordingError: there is no such catalogue, or two of its files say the same code.
    """
    folder = LOCALES / language / "LC_MESSAGES"
    return joined([read_catalogue(folder / f"{name}.po", language) for name in FILES[domain]])


def joined(parts: Sequence[Catalogue]) -> Catalogue:
    """One catalogue of several of a language.

    Raises:
        WordingError: a code is in two of them.
    """
    first, *more = parts
    entries = dict(first.entries)
    for part in more:
        twice = sorted(entries.keys() & part.entries.keys())
        if twice:
            raise WordingError(f"{', '.join(twice)} said twice in language {first.language}")
        entries |= part.entries
    return Catalogue(first.language, entries, first.plural, first.forms)


def codes(domain: str = PATRON) -> frozenset[str]:
    """Every code that English has."""
    return frozenset(catalogue(domain, "en").entries)


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference between catalogues.

    Attributes:
        what: "missing", "extra", "parameters" (not the same as in English), "forms" (number of plural forms),
            "form_parameters" (a form lacks a parameter other than the counting one), "counted".
    """

    language: str
    code: str
    what: str


def gaps(reference: Catalogue, other: Catalogue) -> tuple[Gap, ...]:
    """Where a catalogue differs from the reference."""
    found = [Gap(other.language, code, "missing") for code in reference.entries if code not in other.entries]
    found += [Gap(other.language, code, "extra") for code in other.entries if code not in reference.entries]
    for code, entry in other.entries.items():
        if code in reference.entries:
            found += [Gap(other.language, code, what) for what in _wrong(entry, reference.entries[code], other.forms)]
    return tuple(found)


def _wrong(entry: Entry, wanted: Entry, forms: int) -> list[str]:
    checks = {
        "parameters": entry.parameters == wanted.parameters,
        "counted": entry.counted == wanted.counted,
        "forms": len(entry.forms) == (forms if entry.counted else 1) and all(entry.forms),
        "form_parameters": all(
            wanted.parameters - {entry.counted} <= set(PLACEHOLDER.findall(form)) for form in entry.forms
        ),
    }
    return [what for what, right in checks.items() if not right]


def complete(domain: str = PATRON) -> tuple[Gap, ...]:
    """Every gap of every language of a domain; empty = complete. English itself is checked like the others."""
    reference = catalogue(domain, "en")
    return tuple(gap for language in languages(domain) for gap in gaps(reference, catalogue(domain, language)))
