"""Sentences of a screen value as the words to show, and cut the way the design shows them.

The one place where the screen asks ``wording``. Next step and reason stand on lines of their own, a due date in a block
of its own, a number in big type: all of that is found in the finished sentence by saying it once more with marks in
place of its parameters, so any language may order its words as it likes. Pure; not responsible for the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache

import wording
from kiosk.screens import Param, Sentence

Value = Param | time
_MARKS = "\ue000\ue001\ue002\ue003\ue004\ue005\ue006\ue007"  # private use: cannot occur in a sentence
_FULL_STOPS = frozenset(".?!؟。")
_END = re.compile(r"(?<=[.?!؟。])\s+")


@lru_cache(maxsize=512)
def _say(
    code: str,
    params: tuple[tuple[str, Value], ...],
    language: str,
    site_text: tuple[tuple[str, str], ...],
    today: date,
) -> str:
    return str(wording.say(code, dict(params), language, dict(site_text) or None, today=today))


def forget() -> None:
    """Keep no sentence of a visit for the next."""
    _say.cache_clear()


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence cut into its sentences, each with its finished words.

    Attributes:
        sentences: in order.
        values: parameter name -> how it was written.
        holders: parameter name -> index of the sentence it stands in.
    """

    sentences: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    holders: Mapping[str, int] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The first sentence."""
        return self.sentences[0]

    @property
    def rest(self) -> str:
        """All after the first, "" if there is nothing."""
        return " ".join(self.sentences[1:])


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says codes in one language on one day."""

    language: str
    today: date

    def say(self, code: str, site_text: Mapping[str, str] | None = None, /, **params: Value) -> str:
        """The words of a code. ``site_text``: language -> a site's own words."""
        return _say(code, tuple(params.items()), self.language, tuple((site_text or {}).items()), self.today)

    def text(self, sentence: Sentence | None) -> str:
        """The words of a sentence, "" for None."""
        return "" if sentence is None else self.say(sentence.code, sentence.site_text, **sentence.params)

    def cut(self, sentence: Sentence) -> Said:
        """The sentence cut into sentences. A full stop inside a date, name or title cuts nothing."""
        whole = self.text(sentence)
        names = [
            name for name, value in sentence.params.items() if isinstance(value, (str, tuple, date, datetime, time))
        ]
        values = {name: written for name in names if (written := self._written(whole, sentence, name)) is not None}
        marks = dict(zip(values, _MARKS, strict=False))
        marked = self.say(sentence.code, sentence.site_text, **{**sentence.params, **marks}) if marks else whole
        pieces = _END.split(marked)
        holders = {name: i for name, mark in marks.items() for i, piece in enumerate(pieces) if mark in piece}
        return Said(tuple(_unmark(piece, marks, values) for piece in pieces), values, holders)

    def _written(self, whole: str, sentence: Sentence, name: str) -> str | None:
        """How the parameter was written in the whole sentence; None if it is not in it."""
        marked = self.say(sentence.code, sentence.site_text, **{**sentence.params, name: _MARKS[0]})
        before, mark, after = marked.partition(_MARKS[0])
        if not mark:
            return None
        return whole[len(before) : len(whole) - len(after)]

    def date_text(self, day: date) -> str:
        """A date the way sentences write it."""
        return self.cut(Sentence("row.lent", {"date": day})).values["date"]

    def headline(self, sentence: Sentence) -> tuple[str, str]:
        """The biggest words and the line under them.

        A headline of full sentences is cut after the first, which loses its full stop; short words without one at their
        end stay together.
        """
        said = self.cut(sentence)
        if not said.rest or said.sentences[-1][-1:] not in _FULL_STOPS:
            return " ".join(said.sentences).removesuffix("."), ""
        return said.first.rstrip(".。"), said.rest

    def count(self, recognised: int, of: int | None) -> tuple[str, str]:
        """The honest count as big number and small word: "8 of 9" and "recognised", or "4" and "items recognised"."""
        if of is not None:
            whole = self.say("stack.recognised", k=recognised, n=of)
            marked = self.say("stack.recognised", k=_MARKS[0], n=_MARKS[1])
            return _apart(whole, marked)
        whole = _END.split(self.say("stack.count", n=recognised))[0].rstrip(".")
        number = str(recognised)
        if number not in whole:
            return number, whole
        return number, whole.replace(number, "", 1).strip()


def _unmark(piece: str, marks: Mapping[str, str], values: Mapping[str, str]) -> str:
    for name, mark in marks.items():
        piece = piece.replace(mark, values[name])
    return piece


def _apart(whole: str, marked: str) -> tuple[str, str]:
    """Number part and word part of a sentence whose two numbers stand together at one end; else number and no word."""
    before, after = marked[: marked.find(_MARKS[0])], marked[marked.find(_MARKS[1]) + 1 :]
    if not after.strip():
        return whole[len(before) :].strip(), before.strip()
    return whole[len(before) : len(whole) - len(after)].strip(), f"{before.strip()} {after.strip()}".strip()


def join(*sentences: str) -> str:
    """Sentences one after the other; empty ones do not count."""
    return " ".join(filter(None, sentences))


def without(sentence: str, value: str) -> str:
    """A sentence without one of its values, as a label: "Yours until" from "Yours until Sat 19 December."."""
    return re.sub(r"\s{2,}", " ", sentence.replace(value, " ")).strip(" .,:;")
