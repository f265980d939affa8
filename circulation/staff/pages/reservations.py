"""Reservations, the queue of a title, and the hold shelf of a branch (R23, R32, R50-R52, R87)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from circulation import reserving, searching
from circulation.searching import Reservations, Titles
from circulation.staff.page import DeskPage, Page, TheForm
from circulation.store import house
from rules.survey import branches

router = APIRouter()
PAGE, SHELF = "/reservations", "/hold-shelf"
STATES = ("waiting", "on_its_way", "on_shelf", "fulfilled", "cancelled", "expired")
FILTERS = ("text", "pickup", "state")


@router.get(PAGE)
def reservations(page: DeskPage) -> Response:
    """The queue of a title; else the reservations that are asked for, and titles to choose from."""
    title = page.asked.text("title")
    if title:
        return _queue(page, title)
    asked = page.asked
    text = asked.text("text")
    wanted = Reservations(asked.text("pickup") or None, asked.text("state") or None, text)
    found = searching.reservations(page.service, wanted, asked.text("after") or None)
    titles = searching.titles(page.service, Titles(text), rows=10).rows if text and not asked.text("after") else ()
    query = {key: asked.text(key) for key in FILTERS}
    return page.show("reservations/list.html", found=found, titles=titles, query=query, **_places(page),
                     states=[(one, page.words.say(f"reservations.state.{one}")) for one in STATES])  # fmt: skip


def _places(page: Page) -> dict[str, Any]:
    with page.reading() as db:
        tree = house.organisations(db)
    names = {id_: node.name for id_, node in tree.nodes.items()}
    return {"names": names, "places": [(one, names[one]) for one in sorted(branches(tree))]}


def _queue(page: Page, title: str) -> Response:
    found = searching.titles(page.service, Titles(title), rows=10).rows
    about = next((row for row in found if row["title_id"] == title), None)
    queue = reserving.queue_of(page.service, title)
    return page.show("reservations/queue.html", title=title, about=about, queue=queue, **_places(page))


@router.post(PAGE + "/{reservation}/cancel")
def cancel(page: DeskPage, form: TheForm, reservation: str) -> Response:
    """Cancel a reservation; one that stood on the hold shelf costs the fee for uncollected ones (R32)."""
    told = reserving.cancel(page.service, page.workplace, reservation, page.staff.name, None)
    return _back(page, form.text("back"), "reservation_cancelled_fee" if told["charged"] else "reservation_cancelled")


@router.post(PAGE + "/{reservation}/suspend")
def suspend(page: DeskPage, form: TheForm, reservation: str) -> Response:
    """Let a reservation rest: it keeps its place and is given no copy."""
    reserving.suspend(page.service, reservation, suspended=True)
    return _back(page, form.text("back"), "reservation_suspended")


@router.post(PAGE + "/{reservation}/resume")
def resume(page: DeskPage, form: TheForm, reservation: str) -> Response:
    """Let a reservation take part again."""
    reserving.suspend(page.service, reservation, suspended=False)
    return _back(page, form.text("back"), "reservation_resumed")


def _back(page: Page, back: str, said: str) -> Response:
    """To the queue the button stood in, or to the hold shelf."""
    return page.go(PAGE, said, title=back) if back else page.go(SHELF, said)


@router.get(SHELF)
def hold_shelf(page: DeskPage) -> Response:
    """What stands there and until when, what is on its way, and what is to be fetched from the shelves."""
    branch = page.asked.text("branch", page.staff.branch)
    shelf = reserving.walk_shelf(page.service, branch)
    return page.show("reservations/shelf.html", shelf=shelf, branch=branch, **_places(page))
