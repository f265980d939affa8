"""Steps about money: what a patron owes, pays and is charged."""

from __future__ import annotations

from tests.cases.playing import Out, Playing, money
from tests.cases.reading import CaseError, Step
from tests.cases.words import minor

SUMS = {  # what cases call the sums of an account
    "fees": ("fees", "fee", "other_fees"),
    "invoices": ("invoices", "invoice"),
    "owed": ("total", "debt", "owed", "all"),
}


def _where(play: Playing, step: Step) -> str:
    return play.branch_of(step, None, step.inputs["patron"])


def _account(play: Playing, patron: str, branch: str) -> Out:
    account = play.staff(branch).get(f"/patrons/{patron}").json()
    sums = account["sums"]
    return {
        "debt": money(sums["owed"]),
        "debt_by_kind": play.debts(),
        "sums": {name: money(sums[of]) for of, names in SUMS.items() for name in names},
        "sums_shown_separately": sums["apart"],
        "blocked": sums["blocked"] or bool(account["reasons"]),
        "series_running": sums["series_since"] is not None,
        "counted_from": sums["series_since"],
    }


def pay(play: Playing, step: Step) -> Out:
    """A payment at the desk."""
    inputs, branch = step.inputs, _where(play, step)
    body: Out = {"amount": minor(inputs["amount"])}
    if "towards" in inputs:
        fees = play.staff(branch).get(f"/patrons/{inputs['patron']}").json()["fees"]
        invoice = "invoice" in str(inputs["towards"])
        body["fees"] = [fee["id"] for fee in fees if fee["invoice"] == invoice]
    answer = play.staff(branch).post(f"/patrons/{inputs['patron']}/payments", body)
    if answer.status_code != 200:
        raise CaseError(f"{step.id}: {answer.text}")
    return _account(play, inputs["patron"], branch)


def charge(play: Playing, step: Step) -> Out:
    """A fee booked by hand."""
    inputs, branch = step.inputs, _where(play, step)
    what = str(inputs.get("fee", "other"))
    body = {"amount": minor(inputs["amount"]), "reason": what[:64], "invoice": "invoice" in what}
    answer = play.staff(branch).post(f"/patrons/{inputs['patron']}/fees", body)
    if answer.status_code != 200:
        raise CaseError(f"{step.id}: {answer.text}")
    return _account(play, inputs["patron"], branch)


def show_account(play: Playing, step: Step) -> Out:
    """What a patron owes, and whether that blocks."""
    return _account(play, step.inputs["patron"], _where(play, step))
