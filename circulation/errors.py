"""Errors that reach a person or a machine as an answer. Not responsible for how they travel (api, cli)."""

from __future__ import annotations


class CirculationError(Exception):
    """Something that is said to whoever asked.

    Attributes:
        code: for machines, e.g. "machine_unknown".
        detail: for people; no personal data.
        status: HTTP status.
        place: key of the request that is wrong, if it is one.
    """

    def __init__(self, code: str, detail: str, status: int = 422, place: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.place = place


def no_patron(place: str | None = None) -> CirculationError:
    """There is no such patron."""
    return CirculationError("patron_unknown", "there is no such patron", 404, place)


def no_item(place: str | None = None) -> CirculationError:
    """There is no such item."""
    return CirculationError("item_unknown", "there is no such item", 404, place)
