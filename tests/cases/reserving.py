"""Steps about reservations, the hold shelf, and what the night does with them."""

from __future__ import annotations

from sqlalchemy import select

from circulation.store import tables as t
from tests.cases import documents, noticing
from tests.cases.playing import LANGUAGES, Out, Playing, defaults, money, organisation_of
from tests.cases.reading import CaseError, Step
from tests.cases.words import listed, word
from tests.circulation.night import tidy

AT_DESK = ("staff", "system")  # a cancellation by the service itself costs the same (R32), and is asked for as by staff


def reserve(play: Playing, step: Step) -> Out:
    """A reservation of a title."""
    inputs = step.inputs
    item = play.row(select(t.item.c.id).where(t.item.c.title_id == inputs["title"]))
    branch = inputs.get("branch") or inputs.get("pickup") or play.branch_of(step, None, inputs["patron"])
    body = {"title": inputs["title"], "pickup": inputs.get("pickup", branch)}
    channel = inputs.get("channel", "desk")
    if channel == "desk":
        answer = play.staff(branch).post("/reservations", {"patron": inputs["patron"], **body})
        if answer.status_code != 200:
            raise CaseError(f"{step.id}: {answer.text}")
        found = answer.json()
    else:
        asked = {"action": "reserve", "item": item.id if item else inputs["title"], "patron": inputs["patron"]}
        where = {"channel": channel, "branch": branch, "pickup": body["pickup"]}
        found = play.staff(branch).post("/what-if", {**asked, **where}).json()  # the reasons in the order of the checks
        machine = play.machine(branch, channel)
        token = play.session(machine, inputs["patron"])
        made = machine.post("/reservations", body, Library_Session=token).json()
        found = {**found, "reservation": made["reservation"], "default_used": defaults(found["steps"])}
    if found["reservation"] is not None:
        play.world.reservations[step.id] = found["reservation"]
    reasons = [reason["code"] for reason in found["reasons"]]
    steps = found["steps"]
    organisation = organisation_of(steps, reasons, steps[-1]["organisation"] if steps else branch)
    play.reserved[step.id] = {**found, "organisation": organisation, "ruleset": documents.live(play)}
    return {
        "allowed": found["reservation"] is not None,
        "refusals": reasons,
        "winners": {kind: rule for kind, rule in found["winners"].items() if rule is not None},
        "default_used": found["default_used"],
        "limit": found["numbers"].get("limit"),
        "organisation": organisation,
        "says": " | ".join(documents.reason_texts(found["reasons"], LANGUAGES)),
    }


def cancel_reservation(play: Playing, step: Step) -> Out:
    """A cancellation by patron or staff."""
    name = step.inputs["reservation"]
    id_ = play.world.reservations.get(name, name)
    row = play.row(select(t.reservation).where(t.reservation.c.id == id_))
    if row is None:
        raise CaseError(f"{step.id}: there is no reservation {name!r}")
    branch = str(row.pickup)
    by = step.inputs.get("by", "staff")
    if by == row.patron_id or word(by).startswith("patron"):
        machine = play.machine(branch, "web")
        token = play.session(machine, row.patron_id)
        answer = machine.post(f"/reservations/{id_}/cancel", Library_Session=token)
    else:
        if not word(by).startswith(AT_DESK) and by not in play.staff_named():
            raise CaseError(f"{step.id}: unknown by {by!r}")
        answer = play.staff(branch).post(f"/reservations/{id_}/cancel")
    after = play.row(select(t.reservation.c.state).where(t.reservation.c.id == id_))
    fees = _fees_since(play, row.patron_id)
    return {
        "done": answer.status_code == 200 and after.state == "cancelled",
        "charged": fees,
        "winners": {fee["kind"]: fee["rule"] for fee in fees},
    }


def _fees_since(play: Playing, patron: str) -> list[Out]:
    """Fees booked for a patron at this moment."""
    query = select(t.fee).where(t.fee.c.patron_id == patron, t.fee.c.at == play.clock())
    with play.service.database.reading() as db:
        rows = db.execute(query).all()
    return [
        {
            "fee": "fees.uncollected_reservation",
            "kind": "fees.uncollected_reservation",
            "amount": money(row.amount),
            "patron": row.patron_id,
            "item": row.item_id,
            "rule": (row.rules or {}).get("fees.uncollected_reservation"),
            "organisation": row.branch,
        }
        for row in rows
        if row.reason == "uncollected"
    ]


def scan_in(play: Playing, step: Step) -> Out:
    """A return scan of a copy that may stand on the hold shelf."""
    item = step.inputs["item"]
    before = play.row(
        select(t.reservation.c.id).where(t.reservation.c.copy_id == item, t.reservation.c.ended_at.is_(None))
    )
    facts = play.transact(step, "return", item, None)
    state = None
    if before is not None:
        state = play.row(select(t.reservation.c.state).where(t.reservation.c.id == before.id)).state
    return {**facts, "reservation_state": {"on_shelf": "on_hold_shelf"}.get(state, state) if state else None}


def put_on_hold_shelf(play: Playing, step: Step) -> Out:
    """Copies that come back and are waited for."""
    branch = step.inputs["branch"]
    for item in listed(step.inputs["items"]):
        play.transact(step, "return", item, None)
    shelf = play.staff(branch).get("/hold-shelf", branch=branch).json()["reservations"]
    names = {id_: name for name, id_ in play.world.reservations.items()}
    there = [
        {
            "item": one["copy_id"],
            "patron": one["patron"],
            "reservation": names.get(one["id"]),
            "until": one["collect_by"],
        }
        for one in shelf
        if one["state"] == "on_shelf"
    ]
    return {"on_hold_shelf": there, "on_pick_list": there, **noticing.shelf_notices(play)}


def nightly_jobs(play: Playing, step: Step) -> Out:
    """What the service does every night."""
    tidy(play.service)
    with play.service.database.reading() as db:
        patrons = db.execute(select(t.patron.c.id)).scalars().all()
    return {"charged": [fee for patron in patrons for fee in _fees_since(play, patron)]}
