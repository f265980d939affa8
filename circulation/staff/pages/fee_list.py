"""Fees as a list with their sums (R87). Not responsible for one fee, for paying or for waiving."""

from __future__ import annotations

from fastapi import APIRouter, Response

from circulation import searching
from circulation.searching import Fees
from circulation.staff.page import DeskPage
from circulation.store import house
from circulation.store.debts import REASONS
from rules.survey import branches

router = APIRouter()
PAGE = "/fees"
OPEN = {"open": True, "settled": False}
FILTERS = ("open", "branch", "reason", "since", "until")


@router.get(PAGE)
def fees(page: DeskPage) -> Response:
    """Fees, newest first; open ones unless others are asked for."""
    asked = page.asked
    which = asked.text("open", "open")
    wanted = Fees(
        OPEN.get(which),
        asked.text("branch") or None,
        asked.text("reason") or None,
        asked.day("since"),
        asked.day("until"),
    )
    found = searching.fees(page.service, wanted, asked.text("after") or None)
    totals = searching.fee_totals(page.service, wanted)
    query = {**{key: asked.text(key) for key in FILTERS}, "open": which}
    with page.reading() as db:
        tree = house.organisations(db)
    names = {id_: node.name for id_, node in tree.nodes.items()}
    return page.show(
        "fees/list.html",
        found=found,
        totals=totals,
        query=query,
        names=names,
        places=[(one, names[one]) for one in sorted(branches(tree))],
        which=[(one, page.words.say(f"fee_list.{one}")) for one in (*OPEN, "all")],
        booked=[(one, page.words.name("fee.reason", one)) for one in REASONS.values()],
    )
