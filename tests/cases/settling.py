"""Settings of organisations in a world and of steps, as cases write them: by organisation, in a list, or for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from circulation.domain import settings
from tests.cases.reading import CaseError

_ORG = ("org", "organisation", "branch", "code", "at")
_NAME, _VALUE = ("setting", "name", "key"), ("value", "is", "to")


def of(place: str, made: Any, code: str, codes: list[str], *, top: bool) -> dict[str, Any]:
    """Settings made at an organisation; those that name none are made at the top.

    Args:
        place: for errors.
        made: a table by organisation or by setting, or a list of tables.
        code: of the organisation.
        codes: of all of them.
        top: it is the one at the top.

    Raises:
        CaseError: there is no such setting, value or organisation.
    """
    found = {name: value for org, name, value in _all(place, made, codes) if org == code or (org is None and top)}
    for name, value in found.items():
        why = settings.wrong(name, value)
        if why is not None:
            raise CaseError(f"{place}: {why}")
    return found


def _all(place: str, made: Any, codes: list[str], org: str | None = None) -> Iterator[tuple[str | None, str, Any]]:
    """Every setting with the organisation that makes it, None = none is named."""
    if isinstance(made, str):
        yield org, _name(made), True
    elif isinstance(made, list):
        for one in made:
            yield from _all(place, one, codes, org)
    elif isinstance(made, Mapping):
        left = dict(made)
        named = next((left.pop(key) for key in _ORG if key in left), org)
        if named is not None and named not in codes:
            raise CaseError(f"{place}: there is no organisation {named!r}")
        name = next((left.pop(key) for key in _NAME if key in left), None)
        if name is not None:
            left[str(name)] = next((left.pop(key) for key in _VALUE if key in left), True)
        for key, value in left.items():
            if key in codes:
                yield from _all(place, value, codes, key)
            elif key in ("settings", "all", "*"):
                yield from _all(place, value, codes, named)
            else:
                yield named, _name(key), value
    else:
        raise CaseError(f"{place}: unknown {made!r}")


def _name(said: str) -> str:
    """A setting; that of R35 has no name in the requirements."""
    return "exclude_invoices_from_block" if "invoice" in said else said
