"""Saying a code: its sentence in a language with its parameters filled in.

Responsible for choosing the plural form, for a site's own words and for the languages' fall-backs. Not responsible for
which code is said (kiosk, circulation) or how it is cut and shown (ui).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from wording.catalogue import PATRON, PLACEHOLDER, STAFF, Catalogue, Entry, WordingError, catalogue, languages
from wording.formats import Formats


@lru_cache(maxsize=64)
def _resolve(tag: str) -> tuple[str, Locale]:
    """Catalogue language and Babel locale of a BCP 47 tag: "de-AT" reads "de" and writes dates as in Austria."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    if language not in languages():
        raise WordingError(f"there is no language {tag!r}")
    try:
        return language, Locale.parse(tag.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return language, Locale.parse(language)


def _form(entry: Entry, catalogue_: Catalogue, params: Mapping[str, object]) -> str:
    """The plural form for the counting parameter; for one that is no number the last form, which holds every one."""
    count = params.get(entry.counted) if entry.counted is not None else None
    if isinstance(count, int) and not isinstance(count, bool):
        return entry.forms[catalogue_.plural(abs(count))]
    return entry.forms[-1]


def _filled(text: str, params: Mapping[str, object], formats: Formats) -> str:
    return PLACEHOLDER.sub(lambda found: formats.written(found[1], params[found[1]]), text)


def _site_text(site_texts: Mapping[str, str] | None, tag: str, language: str, params: Mapping[str, object]) -> str:
    """The site's own words in this language if every parameter they name is there, "" otherwise."""
    texts = site_texts or {}
    text = texts.get(tag) or texts.get(language) or ""
    return text if all(params.get(name) is not None for name in PLACEHOLDER.findall(text)) else ""


def _formats(known: Catalogue, locale: Locale, today: date | None) -> Formats:
    names = ("date", "date_year", "time", "instant")
    patterns = {name: known.entry(f"format.{name}").forms[0] for name in names}
    return Formats(locale, patterns, today)


def say(
    code: str,
    params: Mapping[str, object],
    locale: str,
    site_texts: Mapping[str, str] | None = None,
    today: date | None = None,
) -> str:
    """The sentence a patron reads.

    Args:
        code: of the patron catalogue.
        params: parameter -> text, whole number, date, datetime, time, or money as (minor units, currency code). A text
            is taken as it is, whatever the parameter is for. More than the sentence needs is no mistake.
        locale: BCP 47 tag; "de-AT" is said in "de".
        site_texts: language -> a site's own words, which replace the sentence. Words that name a parameter that is not
            there are not used (``check_site_text`` finds them beforehand); a language that is missing is said in the
            standard words.
        today: day at the place of the reader; dates of its year are written without the year.

    Raises:
        WordingError: unknown code or language, or a parameter is missing or of a wrong type.
    """
    language, babel_locale = _resolve(locale)
    known = catalogue(PATRON, language)
    return _said(
        known.entry(code),
        known,
        params,
        _formats(known, babel_locale, today),
        _site_text(site_texts, locale, language, params),
    )


def say_staff(code: str, params: Mapping[str, object], locale: str, today: date | None = None) -> str:
    """The sentence staff read: "type.<rule type>", "kind.<key>", "refusal.<code>", "check.<code>". Else as ``say``.

    Raises:
        WordingError: unknown code or language, or a parameter is missing or of a wrong type.
    """
    language, babel_locale = _resolve(locale)
    known = catalogue(STAFF, language)
    formats = _formats(catalogue(PATRON, language), babel_locale, today)
    return _said(known.entry(code), known, params, formats, "")


def written(value: object, locale: str, today: date | None = None) -> str:
    """A value alone as a person reads it: a day, a time of day, a number, or money as (minor units, currency code).

    Raises:
        WordingError: unknown language, or the value is of no type that can be written.
    """
    language, babel_locale = _resolve(locale)
    return _formats(catalogue(PATRON, language), babel_locale, today).written("value", value)


def _said(entry: Entry, known: Catalogue, params: Mapping[str, object], formats: Formats, own: str) -> str:
    if own:
        return _filled(own, params, formats)
    missing = sorted(name for name in entry.parameters if params.get(name) is None)
    if missing:
        raise WordingError(f"{entry.code} needs the parameters {', '.join(missing)}")
    return _filled(_form(entry, known, params), params, formats)


@dataclass(frozen=True, slots=True)
class SiteTextCheck:
    """What is wrong with a site's own words: parameters left out, and parameters the sentence does not have."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing is."""
        return not self.missing and not self.unknown


def parameters(code: str) -> frozenset[str]:
    """Parameters of a sentence a patron reads.

    Raises:
        WordingError: unknown code.
    """
    return catalogue(PATRON, "en").entry(code).parameters


def check_site_text(code: str, text: str) -> SiteTextCheck:
    """Check a site's own words for a sentence: its parameters must stay (ui.md 6).

    Raises:
        WordingError: unknown code.
    """
    wanted, named = parameters(code), frozenset(PLACEHOLDER.findall(text))
    return SiteTextCheck(tuple(sorted(wanted - named)), tuple(sorted(named - wanted)))


def standard(code: str, language: str) -> str:
    """The sentence a patron reads as it stands in the catalogue, with its parameters in braces; of several, the last.

    Raises:
        WordingError: unknown code or language.
    """
    return catalogue(PATRON, language).entry(code).forms[-1]
