"""What stands in the documents of several resources of the staff API: texts, and the languages of staff."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

import wording
from rules.rule import MOST_TEXT, is_text

LANGUAGES = wording.languages(wording.STAFF)


def _fit(text: str) -> str:
    if not is_text(text):
        raise ValueError(f"a text has at most {MOST_TEXT} characters, none of them control characters")
    return text


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"there is no such language; there are {', '.join(LANGUAGES)}")
    return language


Text = Annotated[str, AfterValidator(_fit)]
Language = Annotated[str, AfterValidator(_language)]


def in_every_language(code: str) -> dict[str, str]:
    """A sentence of staff, by language."""
    return {language: wording.say_staff(code, {}, language) for language in LANGUAGES}
