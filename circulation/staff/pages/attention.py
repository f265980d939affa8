"""What staff must look at: doubts, off-line breaches (R82), conflicts after a restore (R88), found items, invoices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from circulation import machines, offline, operations
from circulation.errors import CirculationError
from circulation.staff import telling
from circulation.staff.page import AttentionPage, DeskPage, Page, TheForm
from circulation.staffing import DESK
from circulation.store import cataloguing as store
from circulation.store import debts
from rules.refusals import Reason

router = APIRouter()
PAGE = "/attention"
KINDS = (offline.OFFLINE, offline.RESTORE, operations.FOUND)
MOST_NUMBER = 2**31 - 1


@router.get(PAGE)
def attention(page: AttentionPage) -> Response:
    """Everything that waits for somebody to look at it; what was looked at if it is asked for."""
    seen = page.asked.ticked("seen")
    doubts = [one for one in machines.doubts(page.service) if bool(one["cleared"]) == seen]
    breaches = offline.listed(page.service, cleared=seen) if page.may(DESK) else []
    known = {one["id"]: one["name"] for one in machines.listed(page.service)}
    with page.reading() as db:
        titles = store.titles(db, {one["item_id"] for one in breaches})
        invoices = debts.invoices_of_returned(db) if page.may(DESK) and not seen else []
    told = [_told(page, one, known, titles) for one in breaches]
    grouped = [(kind, rows) for kind in KINDS if (rows := [one for one in told if one["kind"] == kind])]
    return page.show("attention/list.html", doubts=doubts, groups=grouped, invoices=invoices, seen=seen)


def _told(page: Page, row: Mapping[str, Any], known: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, Any]:
    """An entry with its reasons in words."""
    reasons = [Reason(raw["code"], raw["params"], raw["site_text"]) for raw in row["reasons"]]
    return {
        **row,
        "machine": known.get(row["machine_id"], row["machine_id"]),
        "title": titles.get(row["item_id"]),
        "told": telling.reasons(page.words, reasons),
        "state": next((str(one.params["state"]) for one in reasons if "state" in one.params), ""),
        "other_rules": row["machine_rules"] is not None and row["machine_rules"] != row["rule_set"],
    }


@router.post(PAGE + "/doubts")
def clear_doubt(page: AttentionPage, form: TheForm) -> Response:
    """Staff have looked at an item whose security bit was in doubt; its machines are told."""
    if not machines.clear_doubt(page.service, form.needed("item"), page.staff.name):
        raise CirculationError("doubt_unknown", "this item is not in doubt", 404)
    return page.go(PAGE, "doubt_cleared")


@router.post(PAGE + "/{breach}")
def clear(page: DeskPage, form: TheForm, breach: str) -> Response:
    """Staff have looked at an entry."""
    del form  # it is only checked
    if not (breach.isascii() and breach.isdigit() and len(breach) <= 10 and int(breach) <= MOST_NUMBER):
        raise CirculationError("breach_unknown", "there is no such open entry", 404)
    offline.clear(page.service, int(breach), page.staff.name)
    return page.go(PAGE, "entry_cleared")
