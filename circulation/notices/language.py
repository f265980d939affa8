"""The language texts of notices are written in: {name}, {if fee} ... {else} ... {end}, {each} ... {end}.

Responsible for reading a text, for naming every mistake with its line and column, and for filling it in. There is
nothing else in it: a text can say values it is given and nothing more, and ends after each of its signs has been read
once for each item (docs/decisions/0023). Not responsible for which values there are (vocabulary).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import wording
from circulation.errors import CirculationError

MOST_LETTERS, MOST_PLACES, MOST_DEPTH = 10_000, 100, 4
MOST_FILLED = 2_000_000  # letters
IF, ELSE, EACH, END = "if", "else", "each", "end"
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_LITERAL = {"{{": "{", "}}": "}"}
_TOP = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a text may say.

    Attributes:
        values: names anywhere; each may be asked for with {if}.
        of_items: names between {each} and {end}.
        blocks: names that stand alone on a line: a table, say.
        needs: what has to be there whatever happens, each as alternatives; "each.title" is {title} of every item.
    """

    values: frozenset[str]
    of_items: frozenset[str]
    blocks: frozenset[str] = frozenset()
    needs: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a text.

    Attributes:
        part: "subject" or "body".
        line, column: from 1.
        code: "template.wrong." before it makes a code of wording's staff catalogue.
    """

    part: str
    line: int
    column: int
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """It, for staff."""
        return wording.say_staff(f"template.wrong.{self.code}", self.params, language)


@dataclass(frozen=True, slots=True)
class Value:
    """A place for a value; ``block``: for something that is more than a text."""

    name: str
    block: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two parts, by whether a value is there."""

    name: str
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """A part that is said for every item."""

    body: tuple[Node, ...]


Node = str | Value | Choice | Each


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text that was read."""

    nodes: tuple[Node, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Where something stands in a filled text that is more than a text."""

    name: str


@dataclass(slots=True)
class _Open:
    """A part that has begun and not ended."""

    word: str
    at: int
    name: str = ""
    nodes: list[Node] = field(default_factory=list)
    then: tuple[Node, ...] | None = None


@lru_cache(maxsize=1024)
def parse(part: str, text: str, vocabulary: Vocabulary) -> Parsed:
    """Read a text; what is wrong with it is part of the answer."""
    return _Reading(part, text, vocabulary).all()


class _Reading:
    def __init__(self, part: str, text: str, vocabulary: Vocabulary) -> None:
        self._part, self._text, self._words = part, text, vocabulary
        self._open = [_Open(_TOP, 0)]
        self._mistakes: list[Mistake] = []
        self._places = 0
        self._do: Mapping[str, Callable[[int, str], None]] = {
            IF: self._if,
            ELSE: self._else,
            EACH: self._each,
            END: self._end,
        }

    def all(self) -> Parsed:
        if len(self._text) > MOST_LETTERS:
            self._wrong(MOST_LETTERS, "too_long", {"most": MOST_LETTERS})
            return self._parsed()
        read = 0
        for found in _TOKEN.finditer(self._text):
            self._add(self._text[read : found.start()])
            self._token(found)
            read = found.end()
        self._add(self._text[read:])
        for part in self._open[1:]:
            self._wrong(part.at, "not_ended", {"name": part.word})
        if self._places > MOST_PLACES:
            self._wrong(0, "too_many", {"most": MOST_PLACES})
        if not any(one.code == "too_deep" for one in self._mistakes):
            self._needs()
        return self._parsed()

    def _parsed(self) -> Parsed:
        mistakes = sorted(self._mistakes, key=lambda one: (one.line, one.column))
        return Parsed(tuple(self._open[0].nodes), tuple(mistakes))

    def _needs(self) -> None:
        said = _certain(self._open[0].nodes, self._words.of_items)
        for names in self._words.needs:
            if not said.intersection(names):
                shown = ", ".join(_shown(name) for name in names)
                self._wrong(0, "needed", {"names": shown})

    def _add(self, node: Node) -> None:
        if node != "":
            self._open[-1].nodes.append(node)

    def _token(self, found: re.Match[str]) -> None:
        at, whole, inside = found.start(), found[0], found[1]
        if whole in _LITERAL:
            self._add(_LITERAL[whole])
        elif inside is None:
            self._wrong(at, "brace")
        else:
            self._places += 1
            word, _, rest = inside.strip().partition(" ")
            self._do[word](at, rest.strip()) if word in self._do else self._value(at, inside.strip())

    def _value(self, at: int, name: str) -> None:
        inside = self._inside(EACH)
        if name in self._words.blocks:
            self._block(at, name, inside)
        elif name in self._words.values or (inside and name in self._words.of_items):
            self._add(Value(name))
        elif name in self._words.of_items:
            self._wrong(at, "only_in_each", {"name": name})
        else:
            self._unknown(at, name)

    def _unknown(self, at: int, name: str) -> None:
        known = self._words.values | self._words.blocks | (self._words.of_items if self._inside(EACH) else frozenset())
        self._wrong(at, "unknown", {"name": ascii(name[:40])[1:-1], "names": ", ".join(sorted(known))})

    def _block(self, at: int, name: str, inside: bool) -> None:
        before = self._text.rfind("\n", 0, at) + 1
        line = self._text[before : self._end_of_line(at)].strip()
        if inside or _TOKEN.fullmatch(line) is None:
            self._wrong(at, "alone", {"name": name})
        self._add(Value(name, block=True))

    def _end_of_line(self, at: int) -> int:
        end = self._text.find("\n", at)
        return len(self._text) if end < 0 else end

    def _inside(self, word: str) -> bool:
        return any(part.word == word for part in self._open)

    # --- words that begin or end something ----------------------------------------------------------------------------

    def _if(self, at: int, name: str) -> None:
        known = self._words.values | (self._words.of_items if self._inside(EACH) else frozenset())
        if name not in known:
            self._unknown(at, name)
        self._begin(_Open(IF, at, name))

    def _each(self, at: int, rest: str) -> None:
        if rest or self._inside(EACH) or not self._words.of_items:
            self._wrong(at, "each")
        self._begin(_Open(EACH, at))

    def _begin(self, part: _Open) -> None:
        if len(self._open) > MOST_DEPTH:
            self._wrong(part.at, "too_deep", {"most": MOST_DEPTH})
        self._open.append(part)

    def _else(self, at: int, rest: str) -> None:
        part = self._open[-1]
        if part.word != IF or part.then is not None or rest:
            self._wrong(at, "else")
            return
        part.then, part.nodes = tuple(part.nodes), []

    def _end(self, at: int, rest: str) -> None:
        if len(self._open) == 1 or rest:
            self._wrong(at, "end")
            return
        part = self._open.pop()
        nodes = tuple(part.nodes)
        if part.word == EACH:
            self._add(Each(nodes))
        else:
            self._add(Choice(part.name, nodes, ()) if part.then is None else Choice(part.name, part.then, nodes))

    def _wrong(self, at: int, code: str, params: Mapping[str, str | int] | None = None) -> None:
        before = self._text[:at]
        column = at - (before.rfind("\n") + 1) + 1
        self._mistakes.append(Mistake(self._part, before.count("\n") + 1, column, code, params or {}))


def _certain(nodes: Collection[Node], of_items: Collection[str], before: str = "") -> frozenset[str]:
    """Names a text says whatever happens; "each.title" of every item."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case Value():
                found.add(before + node.name if node.name in of_items else node.name)
            case Choice():
                found |= _certain(node.then, of_items, before) & _certain(node.otherwise, of_items, before)
            case Each():
                found |= _certain(node.body, of_items, f"{EACH}.")
    return frozenset(found)


def _shown(name: str) -> str:
    each, _, inner = name.partition(".")
    return f"{{{EACH}}} {{{inner}}} {{{END}}}" if inner else f"{{{each}}}"


# --- filling in -------------------------------------------------------------------------------------------------------

Values = Mapping[str, str]


def fill(nodes: Sequence[Node], values: Values, items: Sequence[Values]) -> tuple[str | Block, ...]:
    """A text with its values; texts and blocks in their order.

    Args:
        nodes: of a text without mistakes.
        values: name -> text; "" = it is not there.
        items: the same for every item.

    Raises:
        CirculationError: it would be longer than any message.
    """
    found: list[str | Block] = []
    texts: list[str] = []
    length = 0
    for piece in _filled(nodes, values, items):
        if isinstance(piece, Block):
            found += ("".join(texts), piece)
            texts = []
            continue
        texts.append(piece)
        length += len(piece)
        if length > MOST_FILLED:
            raise CirculationError("notice_too_long", "a message would be longer than any that can be sent")
    return (*found, "".join(texts))


def _filled(nodes: Collection[Node], values: Values, items: Sequence[Values]) -> Iterator[str | Block]:
    for node in nodes:
        match node:
            case str():
                yield node
            case Value():
                yield Block(node.name) if node.block else values[node.name]
            case Choice():
                yield from _filled(node.then if values[node.name] else node.otherwise, values, items)
            case Each():
                for item in items:
                    yield from _filled(node.body, {**values, **item}, ())
