"""A rule, its conditions, and the facts of a transaction they are compared with.

Responsible for the values and their validity. Not responsible for what a kind allows (kinds, check) or for order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from unicodedata import category

from rules.values import MOST_AGE, Value

PATRON_FIELDS = ("patron_category", "age_group", "age")
ITEM_FIELDS = ("media_type", "material_type", "department", "audience", "fiction")
FACT_FIELDS = (*PATRON_FIELDS, *ITEM_FIELDS)
CODE_FIELDS = ("patron_category", "age_group", "media_type", "material_type", "department", "audience")

MOST_TEXT = 2000
MOST_CODE = 100
_UNFIT = frozenset({"Cc", "Cs"})  # control characters and halves of a character pair


def is_code(value: object) -> bool:
    """Whether a value can be a code: a short printable text without ``|`` (the CSV separator) and outer spaces."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_CODE:
        return False
    return value.isprintable() and value == value.strip() and "|" not in value


def is_text(value: str) -> bool:
    """Whether a text can be stored and shown: not too long, no control characters but line breaks and tabs."""
    return len(value) <= MOST_TEXT and all(letter in "\n\t" or category(letter) not in _UNFIT for letter in value)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a transaction. None = unknown; an unknown fact fulfils no condition that asks for it.

    Attributes:
        age: full years on the day of the transaction (``rules.age``).
    """

    patron_category: str | None = None
    age_group: str | None = None
    age: int | None = None
    media_type: str | None = None
    material_type: str | None = None
    department: str | None = None
    audience: str | None = None
    fiction: bool | None = None

    def __post_init__(self) -> None:
        if self.age is not None and not 0 <= self.age <= MOST_AGE:
            raise ValueError(f"an age is 0 to {MOST_AGE}")

    def values(self) -> tuple[str | int | bool | None, ...]:
        """In the order of ``FACT_FIELDS``."""
        return (
            self.patron_category,
            self.age_group,
            self.age,
            self.media_type,
            self.material_type,
            self.department,
            self.audience,
            self.fiction,
        )


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a rule asks for. Empty = matches everything; several values in a field are OR, several fields AND (R2).

    ``age_min`` and ``age_max`` are inclusive and together count as one field.
    """

    patron_category: tuple[str, ...] = ()
    age_group: tuple[str, ...] = ()
    age_min: int | None = None
    age_max: int | None = None
    media_type: tuple[str, ...] = ()
    material_type: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    fiction: bool | None = None

    def __post_init__(self) -> None:
        for name in CODE_FIELDS:
            if not all(is_code(code) for code in getattr(self, name)):
                raise ValueError(f"{name} holds something that cannot be a code")
        for age in (self.age_min, self.age_max):
            if age is not None and not 0 <= age <= MOST_AGE:
                raise ValueError(f"an age is 0 to {MOST_AGE}")
        if self.age_min is not None and self.age_max is not None and self.age_max < self.age_min:
            raise ValueError("age_max is lower than age_min")

    def wanted(self) -> Mapping[str, frozenset[str | int | bool]]:
        """Field -> values that fulfil it, for every field that is set; in the order of ``FACT_FIELDS``."""
        found: dict[str, frozenset[str | int | bool]] = {}
        for name in FACT_FIELDS:
            values = self._values(name)
            if values:
                found[name] = frozenset(values)
        return found

    def _values(self, name: str) -> tuple[str | int | bool, ...]:
        if name == "age":
            if self.age_min is None and self.age_max is None:
                return ()
            most = MOST_AGE if self.age_max is None else self.age_max
            return tuple(range(self.age_min or 0, most + 1))
        if name == "fiction":
            return () if self.fiction is None else (self.fiction,)
        codes: tuple[str, ...] = getattr(self, name)
        return codes

    def asked(self, name: str) -> str:
        """What a set field asks for, as staff write it: "DVD | CD", "6-17", "18-", "true"."""
        if name == "age":
            least, most = ("" if age is None else str(age) for age in (self.age_min, self.age_max))
            return f"{least}-{most}"
        return " | ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in self._values(name))

    def count(self) -> int:
        """Number of fields that are set (R4: more first)."""
        return len(self.wanted())


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule (R2).

    Attributes:
        id: stable and readable.
        kind: key of a kind.
        org: organisation it is made for; it holds there and below.
        value: of the kind's unit.
        level: only for kinds with levels.
        valid_from, valid_until: first and last day, both inclusive; None = open (R5).
        position: place given by staff among rules of equal rank; those without one come last.
        active: an inactive rule is kept but not walked.
        message: language -> what the patron is told instead of the standard sentence.
    """

    id: str
    kind: str
    org: str
    value: Value
    name: str = ""
    when: Conditions = field(default_factory=Conditions)
    level: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    position: int | None = None
    active: bool = True
    message: Mapping[str, str] = field(default_factory=dict, hash=False)
    comment: str = ""

    def __post_init__(self) -> None:
        if not all(is_code(code) for code in (self.id, self.kind, self.org)):
            raise ValueError("a rule needs an id, a kind and an organisation")
        if self.level is not None and not is_code(self.level):
            raise ValueError(f"rule {self.id}: the level cannot be a code")
        for day in (self.valid_from, self.valid_until):
            if isinstance(day, datetime):
                raise ValueError(f"rule {self.id}: validity is in days, not instants")
        if self.valid_from is not None and self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError(f"rule {self.id}: valid_until lies before valid_from")

    @property
    def dated(self) -> bool:
        """Whether it holds for a limited time."""
        return self.valid_from is not None or self.valid_until is not None

    @property
    def title(self) -> str:
        """Its name, or its id where staff gave none."""
        return self.name or self.id


CONDITION_KEYS = tuple(item.name for item in fields(Conditions))
RULE_KEYS = (
    *("id", "kind", "level", "name", "org", "when", "value"),
    *("valid_from", "valid_until", "position", "active", "message", "comment"),
)
