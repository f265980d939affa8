"""What stands on an item's row: words cut to their places, symbol and colours. Pure; not responsible for drawing it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kiosk.screens import DONE_STATES, AccountRow, PartView, Row, RowState
from ui import tokens
from ui.sentences import Said, Speaker, without

ITEM_ICONS = {
    "book": "item-book",
    "audiobook": "item-audio",
    "cd": "item-disc",
    "disc": "item-disc",
    "dvd": "item-film",
    "bluray": "item-film",
    "film": "item-film",
    "game": "item-game",
    "magazine": "item-magazine",
    "newspaper": "item-magazine",
    "device": "item-device",
    "laptop": "item-device",
    "music": "item-music",
    "sheet_music": "item-music",
    "set": "item-set",
    "kit": "item-set",
    "cassette": "item-audio",
    "buch": "item-book",
    "hoerbuch": "item-audio",
    "hörbuch": "item-audio",
    "spiel": "item-game",
    "zeitschrift": "item-magazine",
}
_SAYS_ONLY = frozenset({RowState.ARRIVING, RowState.CHECKING, RowState.ASKING})


@dataclass(frozen=True, slots=True)
class RowWords:
    """The words of one row.

    Attributes:
        key: of the row.
        state: token name of its state.
        type_icon: symbol of the media type, "" where there is no title yet.
        title: bold; "" while it is being read.
        line: quiet second line (author), "" for none.
        step: next step or state in the family's colour, bold.
        reason: the rest.
        due_label, due: due block at the end of the row, both "" for none.
        due_loud: the label is in the family's colour.
        parts: of a set of which one is missing.
        button: label of the row's button, "" for none.
    """

    key: str
    state: str
    type_icon: str = ""
    title: str = ""
    line: str = ""
    step: str = ""
    reason: str = ""
    due_label: str = ""
    due: str = ""
    due_loud: bool = True
    parts: tuple[PartView, ...] = ()
    button: str = ""


def type_icon(media_type: str | None) -> str:
    """The symbol for a site's own code: by the longest word known that the code contains ("DVD18" is a film)."""
    code = (media_type or "").lower()
    known = max((word for word in ITEM_ICONS if word in code), key=len, default="")
    return ITEM_ICONS.get(known, "item-unknown")


def row_words(row: Row, speaker: Speaker) -> RowWords:
    """Cut an item's row into its places."""
    said = speaker.cut(row.says)
    if row.state is RowState.ARRIVING and not row.title:
        return RowWords(row.key, row.state, step=" ".join(said.sentences))
    title = row.title or speaker.say("item.no_title")
    missing = any(not part.here for part in row.parts)
    button = speaker.say("btn.renew") if row.can_renew else ""
    parts = row.parts if missing else ()
    base = RowWords(row.key, row.state, type_icon(row.media_type), title, parts=parts, button=button)
    if row.state in _SAYS_ONLY:
        return replace(base, step=" ".join(said.sentences))
    if row.due is None:
        return replace(base, step=said.first, reason=said.rest)
    return _with_due(base, row, said, speaker.date_text(row.due), speaker)


def _with_due(base: RowWords, row: Row, said: Said, written: str, speaker: Speaker) -> RowWords:
    """The sentence that holds the due date becomes the due block, what is left keeps its place."""
    done = row.state in DONE_STATES
    holders = [said.holders[name] for name, value in said.values.items() if value == written]
    if not holders:
        label = speaker.say("renew.due")
        return replace(base, step=said.first, reason=said.rest, due_label=label, due=written, due_loud=False)
    holder = holders[0]
    left = [sentence for index, sentence in enumerate(said.sentences) if index != holder]
    if done:
        label = without(said.sentences[holder], written)
        return replace(base, line=row.author if not left else "", reason=" ".join(left), due_label=label, due=written)
    if holder == 0:
        return replace(base, reason=" ".join(left), due_label=speaker.say("renew.by"), due=written)
    label = speaker.say("renew.due")
    return replace(base, step=left[0], reason=" ".join(left[1:]), due_label=label, due=written, due_loud=False)


def account_words(row: AccountRow, speaker: Speaker, chosen: bool | None = None) -> RowWords:
    """A loan, set-aside item or fee. ``chosen``: marked for renewal, None where nothing can be chosen."""
    said = speaker.cut(row.says)
    base = RowWords(
        row.key, {None: "plain", True: "chosen", False: "open"}[chosen], type_icon(row.media_type), row.title
    )
    if not row.title:
        return replace(base, type_icon="", title=said.first, reason=said.rest)
    if row.due is None:
        return replace(base, step=said.first, reason=said.rest)
    written = speaker.date_text(row.due)
    holder = next((said.holders[name] for name, value in said.values.items() if value == written), 0)
    label = without(said.sentences[holder], written)
    left = " ".join(sentence for index, sentence in enumerate(said.sentences) if index != holder)
    author = "" if left else row.author
    return replace(base, line=author, reason=left, due_label=label, due=written, due_loud=False)


def family(state: str) -> str:
    """Colour token of a state's family."""
    found = tokens.load().states.get(state)
    return "ink" if found is None else found.family
