"""The fields of items, patrons and loans: the one table of what a file may say and what it means.

Responsible for names, order, needs and readers. What a field means to a person stands in wording's staff catalogue
(``import.meaning.<kind>.<field>``). Not responsible for where a file has them (mapping).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from circulation.importing import readers as r


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        read: what its text means; empty texts never come to it.
        needed: every line must have it.
        personal: its content is told to nobody.
        empty: what is stored where a line has nothing.
        marc: where MARC records of Koha have it, "copy$p" = of the copy field; None = they have not.
        isbd: in MARC it ends in punctuation that belongs to the card catalogue.
    """

    name: str
    read: r.Reader
    needed: bool = False
    personal: bool = False
    empty: object = None
    marc: str | None = None
    isbd: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that is imported.

    Attributes:
        personal: its files are about people: nothing of an unknown column is told.
        marc: they come as MARC records too.
    """

    name: str
    fields: tuple[Field, ...]
    personal: bool = False
    marc: bool = False

    @property
    def by_name(self) -> Mapping[str, Field]:
        """Its fields."""
        return {field.name: field for field in self.fields}

    def empties(self, given: frozenset[str]) -> dict[str, object]:
        """What a new one has in the fields a file does not have at all."""
        return {field.name: field.empty for field in self.fields if field.name not in given}


MOST_TITLE = 2000
MOST_NAME = 200
MOST_PARTS = 99
MOST_RENEWALS = 999
MOST_PERIOD = 3660  # days

_branch = r.known("branches", "unknown_branch")

ITEMS = Kind(
    "items",
    (
        Field("id", r.code, needed=True, marc="copy$p"),
        Field("title", r.text_of(MOST_TITLE), needed=True, marc="245$a$b", isbd=True),
        Field("author", r.text_of(MOST_TITLE), empty="", marc="100$a|110$a|700$a", isbd=True),
        Field("title_id", r.code, marc="001"),
        Field("media_type", r.known("media_types", "unknown_media_type"), needed=True, marc="copy$y"),
        Field("branch", _branch, needed=True, marc="copy$a"),
        Field("material_type", r.code),
        Field("department", r.code, marc="copy$8|copy$c"),
        Field("audience", r.code),
        Field("fiction", r.flag),
        Field("parts", r.number(1, MOST_PARTS), empty=1),
        Field("state", r.known("states", "unknown_state"), empty="available"),
        Field("shelf", r.code),
        Field("price", r.price, marc="copy$v"),
    ),
    marc=True,
)
PATRONS = Kind(
    "patrons",
    (
        Field("card", r.barcodes, needed=True, personal=True),
        Field("card_uid", r.uids, personal=True, empty=()),
        Field("category", r.known("categories", "unknown_category"), needed=True),
        Field("first_name", r.text_of(MOST_NAME), personal=True, empty=""),
        Field("last_name", r.text_of(MOST_NAME), needed=True, personal=True),
        Field("born", r.birthday, personal=True),
        Field("valid_from", r.day),
        Field("valid_until", r.day),
        Field("blocked", r.flag, empty=False),
        Field("card_lost", r.flag, empty=False),
        Field("language", r.language),
        Field("home", _branch),
        Field("email", r.mail, personal=True),
        Field("phone", r.text_of(MOST_NAME), personal=True),
        Field("postal", r.postal, personal=True),
        Field("prefers", r.known("channels", "unknown_channel")),
        Field("pin", r.pin, personal=True),
    ),
    personal=True,
)
LOANS = Kind(
    "loans",
    (
        Field("item", r.code, needed=True),
        Field("card", r.code, needed=True, personal=True),
        Field("out", r.past_instant, needed=True),
        Field("due", r.day, needed=True),
        Field("branch", _branch, needed=True),
        Field("renewals", r.number(0, MOST_RENEWALS), empty=0),
        Field("period", r.number(0, MOST_PERIOD)),
    ),
    personal=True,
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (ITEMS, PATRONS, LOANS)}
