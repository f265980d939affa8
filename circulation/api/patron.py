"""Sign-in, sign-out, account and receipts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from circulation import signin
from circulation.api import models as m
from circulation.api.access import Ring, SessionToken, TheMachine, TheService, needed

router = APIRouter(tags=["patron"])


@router.post("/sign-in")
def sign_in(body: m.SignInAsked, service: TheService, machine: TheMachine) -> m.SignedIn | m.SignInRefused:
    """Card and PIN."""
    answer = signin.sign_in(service, machine, body.card.kind, body.card.value, body.pin)
    return m.SignedIn(**answer) if answer["outcome"] == "signed_in" else m.SignInRefused(**answer)


@router.post("/sign-out", status_code=204)
def sign_out(service: TheService, machine: TheMachine, token: SessionToken = None) -> Response:
    """End a patron's session."""
    signin.sign_out(service, machine, needed(token))
    return Response(status_code=204)


@router.get("/account")
def account(service: TheService, machine: TheMachine, token: SessionToken = None) -> m.Account:
    """Loans, items set aside and fees of the signed-in patron."""
    return m.Account(**signin.account(service, machine, needed(token)))


@router.post("/receipts", status_code=204, responses={409: {"model": m.Problem}})
def receipt(
    body: m.ReceiptAsked, service: TheService, machine: TheMachine, ring: Ring, token: SessionToken = None
) -> Response:
    """Send the signed-in patron a receipt of what was done by e-mail; asked for again, it is sent once all the same."""
    signin.ask_receipt(service, machine, needed(token), body.id, body.operations)
    ring()
    return Response(status_code=204)
