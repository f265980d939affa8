"""Languages by their own names, and which of them run from right to left.

A table of facts; not responsible for sentences (wording) or for which languages a site offers (the screen value says).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language: BCP 47 tag, its own name, its own word for "language", and its direction."""

    tag: str
    name: str
    word: str
    rtl: bool = False


_TABLE = (
    Language("en", "English", "Language"),
    Language("de", "Deutsch", "Sprache"),
    Language("fr", "Français", "Langue"),
    Language("it", "Italiano", "Lingua"),
    Language("es", "Español", "Idioma"),
    Language("pt", "Português", "Idioma"),
    Language("nl", "Nederlands", "Taal"),
    Language("da", "Dansk", "Sprog"),
    Language("sv", "Svenska", "Språk"),
    Language("no", "Norsk", "Språk"),
    Language("fi", "Suomi", "Kieli"),
    Language("pl", "Polski", "Język"),
    Language("tr", "Türkçe", "Dil"),
    Language("uk", "Українська", "Мова"),
    Language("ar", "العربية", "اللغة", rtl=True),
    Language("he", "עברית", "שפה", rtl=True),
    Language("zh", "中文", "语言"),
)
LANGUAGES = {language.tag: language for language in _TABLE}


def language(tag: str) -> Language:
    """The language of a tag ("de", "de-CH"); one that is not in the table is named by its tag."""
    known = LANGUAGES.get(tag) or LANGUAGES.get(tag.partition("-")[0])
    return known or Language(tag, tag, tag)
