"""How content and words become one message: e-mail as text and HTML, text messages, letters.

The HTML part is made of the same words as the text, so that both say the same. Responsible for layout, and for the
words that are added to every message. Not responsible for which text holds (templates), for the pages of a letter
(letters) or for sending.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from sqlalchemy import Connection

import wording
from circulation.domain.policy import LANGUAGES
from circulation.notices import gsm, letters, templates, vocabulary
from circulation.notices import language as reading
from circulation.notices.content import DUE_WARNING, Content
from circulation.notices.language import Block
from circulation.notices.letterhead import Letterhead, holding
from circulation.notices.payment import Payment, payment
from circulation.notices.saying import Head, Line, Said, Speaker, Table, direction, said
from circulation.notices.templates import BODY, SUBJECT, Chosen, Place, Words
from circulation.notices.types import EMAIL, LETTER, SMS, Message
from circulation.notices.vocabulary import ITEMS, TITLES
from circulation.service import VERSION
from circulation.store import house, policies
from circulation.store import templates as store
from rules.organisation import OrganisationTree

_LAYOUTS = Environment(
    loader=PackageLoader("circulation.notices", "layouts"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_BETWEEN_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_APART = re.compile("\u2068([^\u2068\u2069]*)\u2069")
_ADDRESS = re.compile(r"https://[^\s<>\"\u2068\u2069]+[^\s<>\".,;:!?)\u2068\u2069]")
_SIGNATURE = "-- "  # what programs for e-mail show smaller
_TITLE_LENGTHS, _MOST_TITLES = (40, 25, 15), 5  # of a text message


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph, or where a block stands."""

    text: str = ""
    block: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Of a paragraph."""
        return tuple(line.rstrip() for line in self.text.split("\n"))


@dataclass(frozen=True, slots=True)
class Page:
    """What a layout shows.

    Attributes:
        direction: "ltr" or "rtl".
        footer: lines that are added to every message.
        pay: how to pay; None = nothing to be paid, or nowhere.
    """

    language: str
    direction: str
    subject: str
    library: str
    branch: str
    parts: tuple[Part, ...]
    table: Table
    pay: Payment | None
    footer: tuple[str, ...]


def compose(content: Content, words: Words, head: Letterhead, language: str) -> Message:
    """One message.

    Args:
        content: everything it may say.
        words: a text without mistakes.
        head: what holds for the branch it comes from.
        language: BCP 47 tag of a language there is (``spoken``).

    Raises:
        CirculationError: it would be longer than any message.
    """
    everything = said(content, head, language)
    made = _MAKERS[content.channel](content, words, head, language, everything)
    return Message(content.key, content.channel, content.to, language, *made)


# --- text messages ----------------------------------------------------------------------------------------------------

Made = tuple[str, str, str | None, bytes | None]


def _sms(content: Content, words: Words, head: Letterhead, language: str, everything: Said) -> Made:
    nodes = _body(content, words)
    titles = [gsm.plain(item["title"]) for item in everything.items]
    text = ""
    for shown in _titles([title for title in titles if title and gsm.fits(title)], len(titles)):
        values = {**everything.values, TITLES: shown}
        text = gsm.plain(" ".join(_text(nodes, values, everything).split()))
        if gsm.size(text).parts <= 1:
            break
    return "", text, None, None


def _titles(titles: Sequence[str], count: int) -> Iterator[str]:
    """Titles in less and less room, and none at last; "+2" tells of those left out."""
    for number in range(min(len(titles), _MOST_TITLES), 0, -1):
        for most in _TITLE_LENGTHS:
            listed = ", ".join(gsm.shortened(title, most) for title in titles[:number])
            yield listed if number == count else f"{listed} +{count - number}"
    yield ""


def _text(nodes: Sequence[reading.Node], values: Mapping[str, str], everything: Said) -> str:
    return "".join(part for part in reading.fill(nodes, values, everything.items) if isinstance(part, str))


# --- e-mail and letters -----------------------------------------------------------------------------------------------


def _email(content: Content, words: Words, head: Letterhead, language: str, everything: Said) -> Made:
    page = _page(content, words, head, language, everything)
    speaker = Speaker(language, content.currency, None)
    pieces = {"page": page, "table": narrow(page.table), "linked": linked, "word": speaker.word}
    return page.subject, _as_text(page), _LAYOUTS.get_template("mail.html").render(pieces), None


def _letter(content: Content, words: Words, head: Letterhead, language: str, everything: Said) -> Made:
    page = _page(content, words, head, language, everything)
    speaker = Speaker(language, content.currency, None)
    sender = [speaker.text(line) for line in (head.address or page.library).splitlines()]
    to = [speaker.text(line) for line in content.to.splitlines() if line.strip()]
    sheet = letters.Sheet(tuple(sender), tuple(to), speaker.day(content.today), everything.values["contact"])
    pieces = {"page": page, "sheet": sheet, "word": speaker.word, "direction": direction}
    marked = _LAYOUTS.get_template("letter.html").render(pieces)
    return page.subject, _as_text(page), None, letters.pdf(marked)


_MAKERS: Mapping[str, Callable[[Content, Words, Letterhead, str, Said], Made]] = {
    EMAIL: _email,
    SMS: _sms,
    LETTER: _letter,
}


def _page(content: Content, words: Words, head: Letterhead, language: str, everything: Said) -> Page:
    subject = reading.parse(SUBJECT, words.subject, vocabulary.of_subject(content.kind)).nodes
    speaker = Speaker(language, content.currency, None)
    values = everything.values
    return Page(
        language,
        "rtl" if Locale.parse(language, sep="-").character_order == "right-to-left" else "ltr",
        " ".join(_text(subject, values, everything).split()),
        values["library"],
        values["branch"],
        tuple(_parts(reading.fill(_body(content, words), values, everything.items))),
        everything.table,
        payment(content, head, speaker),
        tuple(_footer(content, values, speaker)),
    )


def _body(content: Content, words: Words) -> Sequence[reading.Node]:
    known = vocabulary.of_body(content.kind, content.level, content.channel)
    return reading.parse(BODY, words.body, known).nodes


def _parts(filled: Sequence[str | Block]) -> Iterator[Part]:
    for piece in filled:
        if isinstance(piece, Block):
            yield Part(block=piece.name)
        else:
            yield from (Part(text.strip()) for text in _BETWEEN_PARAGRAPHS.split(piece) if text.strip())


def _footer(content: Content, values: Mapping[str, str], speaker: Speaker) -> Iterator[str]:
    """Who writes and why; of warnings also how to get no more of them."""
    library, branch = values["library"], values["branch"]
    yield library if library == branch else f"{library}, {branch}"
    yield from filter(None, (values["contact"], values["account"]))
    if content.channel == EMAIL:
        yield speaker.word(f"why.{content.kind}", library=library)
    if content.kind == DUE_WARNING:
        yield speaker.word("no_more")


def _as_text(page: Page) -> str:
    parts = (("\n".join(part.lines) if part.text else _block_as_text(part.block, page)) for part in page.parts)
    return "\n\n".join((*filter(None, parts), "\n".join((_SIGNATURE, *page.footer)))) + "\n"


def _block_as_text(name: str, page: Page) -> str:
    if name == ITEMS:
        return "\n".join(_table_as_text(page.table))
    pay = page.pay
    return "\n".join((f"{pay.how}:", *(f"  {what}: {value}" for what, value in pay.lines))) if pay is not None else ""


def _table_as_text(table: Table) -> Iterator[str]:
    for line in table.lines:
        yield f"* {line.title}"
        yield from (f"  {text}" for text in (line.more,) if text)
        cells = zip(table.heads[1:], line.cells, strict=True)
        yield from (f"  {head.text}: {cell}" for head, cell in cells if cell)
    yield from (f"{what}: {amount}" for what, amount in table.sums)


def narrow(table: Table) -> Table:
    """The same in two columns, for a telephone: beside a title its amount or else its day, below it the rest."""
    heads = table.heads
    if len(heads) == 1:
        return table
    beside = max(range(1, len(heads)), key=lambda at: (heads[at].number, -at))
    below = [at for at in range(1, len(heads)) if at != beside]
    lines = (_narrow(line, heads, beside, below) for line in table.lines)
    return Table((heads[0], heads[beside]), tuple(lines), table.sums)


def _narrow(line: Line, heads: Sequence[Head], beside: int, below: Sequence[int]) -> Line:
    rest = (f"{heads[at].text}: {line.cells[at - 1]}" for at in below if line.cells[at - 1])
    return Line(line.title, "\n".join(filter(None, (line.more, *rest))), (line.cells[beside - 1],))


def linked(text: str) -> Markup:
    """A text for HTML: addresses of pages can be followed, and what is kept apart finds its own direction."""
    found = Markup()
    read = 0
    for address in _ADDRESS.finditer(text):
        found += _apart(text[read : address.start()])
        found += Markup('<a href="{0}">{0}</a>').format(address[0])
        read = address.end()
    return found + _apart(text[read:])


def _apart(text: str) -> Markup:
    return Markup(_APART.sub(r'<span dir="auto">\1</span>', str(escape(text))))  # not every program knows the signs


# --- with what a library says -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of the house, until it changes."""

    version: tuple[str, int]
    tree: OrganisationTree
    own: templates.InUse
    heads: Mapping[str, Mapping[str, object]]
    languages: Mapping[str, str]


class Composing:
    """Composes with the words that hold where a message comes from (``content.Composer``)."""

    def __init__(self) -> None:
        self._known: _Known | None = None

    def __call__(self, db: Connection) -> Callable[[Content], Message]:
        """What composes with the texts and letterheads there are now.

        It raises ``CirculationError`` where there is no text for a message, or it would be longer than any message.
        """
        return partial(_composed, self._now(db))

    def chosen(self, db: Connection, content: Content) -> Chosen:
        """The text that is used for a message.

        Raises:
            CirculationError: there is none.
        """
        return _chosen(self._now(db), content)[1]

    def _now(self, db: Connection) -> _Known:
        here = house.installation(db)
        version = (here.generation, here.version)
        if self._known is None or self._known.version != version:
            said_there = policies.of_organisations(db)
            languages = {at: own[LANGUAGES][0] for at, own in said_there.items() if own.get(LANGUAGES)}
            tree = house.organisations(db)
            self._known = _Known(version, tree, templates.in_use(db), store.letterheads(db), languages)
        return self._known


def _composed(known: _Known, content: Content) -> Message:
    language, chosen = _chosen(known, content)
    chain = known.tree.chain(content.branch.id)
    message = compose(content, chosen.words, holding(known.heads, chain), language)
    return replace(message, made_with=_version(chosen))


def _chosen(known: _Known, content: Content) -> tuple[str, Chosen]:
    chain = known.tree.chain(content.branch.id)
    fallback = next((known.languages[at] for at in chain if at in known.languages), "")
    language = spoken(content.language, fallback)
    wanted = Place(chain[0], content.kind, content.level, content.channel, _language(language))
    return language, templates.chosen(known.own, chain, wanted)


def _version(chosen: Chosen) -> Mapping[str, object]:
    """Which version of a text it is, as it is kept (R78)."""
    return {"shipped": VERSION} if chosen.place is None else {**asdict(chosen.place), "number": chosen.number}


def spoken(language: str, fallback: str) -> str:
    """The language a message is written in: the wanted one if there is such a one, else the place's, else English."""
    known = wording.languages()
    return next((tag for tag in (language, fallback) if _language(tag) in known), known[0])


def _language(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()
