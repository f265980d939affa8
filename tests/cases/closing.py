"""Steps that change the calendar later, and what becomes of the loans then (R41)."""

from __future__ import annotations

from sqlalchemy import select

from circulation.store import tables as t
from tests.cases.playing import Out, Playing
from tests.cases.reading import Step


def add_closing(play: Playing, step: Step) -> Out:
    """Enter a closing of one day, look at the loans that are due then, and move them if that is asked for."""
    inputs = step.inputs
    branch, day = inputs["branch"], inputs["day"].isoformat()
    staff, of = play.staff(branch, inputs.get("user")), f"/organisations/{branch}/closings"
    days = {"first": day, "last": day}
    staff.told("POST", of, days)
    loans = staff.told("GET", f"{of}/preview", **days)["loans"]
    shown = [{key: one[key] for key in ("loan", "due", "new_due")} for one in loans if one["new_due"] is not None]
    moves = bool(inputs.get("move_loans")) and bool(shown)
    if moves:
        staff.told("POST", f"{of}/move", {**days, "loans": shown})
    line = staff.told("GET", "/audit", action="closing.move" if moves else "closing.create", subject=branch)["lines"][0]
    names = {item: name for name, item in play.world.loans.items()}
    return {
        "preview": [{**one, "loan": names.get(one["item"])} for one in loans],
        "due": {names.get(one["item"], one["item"]): _due(play, one["loan"]) for one in loans},
        "recorded_user": line["who"],
    }


def _due(play: Playing, loan: int) -> str:
    return str(play.row(select(t.loan.c.due).where(t.loan.c.id == loan)).due)
