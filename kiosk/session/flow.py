"""The way through the pages: what the person chose, who they are, and how a session ends (ui.md 5).

Responsible for pages, sign-in, time-outs and the end of a session, after which nothing of the patron is kept.
Not responsible for items (work, answers, bits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from drivers.api import CardProblem, CardRefused, CardSeen, CodeScanned, Printed
from kiosk import messages as m
from kiosk.central.api import Action, CardIdentifier, ItemRecord, PatronSession, SignInRefused
from kiosk.effects import LoadAccount, MailReceipt, PrintReceipt, SignIn, SignOut
from kiosk.screens import RowState, Sentence
from kiosk.selfservice import rule_allows
from kiosk.session import rows, work
from kiosk.session.state import PATRON_PAGES, STACK_ACTION, Mail, Page, State, Work
from kiosk.session.turn import Turn
from rules.published import Published

BEFORE_SESSION = frozenset({Page.START, Page.CLEAR, Page.GOODBYE})
CARD_PROBLEM: Mapping[CardProblem, str] = {
    CardProblem.RANDOM_UID: "signin.card_random",
    CardProblem.UNREADABLE: "signin.card_still",
}
NO_ADDRESS, MAY_PASS = "receipt_no_address", ("unreachable", "failed")  # why a receipt was not taken for sending
WITH_ROWS = frozenset({Page.BORROW, Page.RETURN, Page.RENEW, Page.LEAVE})


def begin(turn: Turn, page: Page) -> None:
    """Start a session: a new number, nothing of the one before."""
    forget(turn)
    turn.set(session=turn.state.session + 1)
    turn.show_page(page)


def forget(turn: Turn) -> None:
    """Drop everything that belongs to the patron and the session; a language they chose stays until its end."""
    _sign_out(turn)
    turn.set(work={}, left_out=frozenset(), asked=(), card=None, account=None, notice=None, busy=False, printing=None)


def _sign_out(turn: Turn) -> None:
    """End the patron's session at the centre, if it has not ended yet."""
    for holder in (turn.state.patron, turn.state.mail):
        if holder is not None:
            turn.emit(SignOut(holder.token))
    turn.set(patron=None, mail=None)


def _goodbye(turn: Turn) -> None:
    """Nothing more is asked of the patron."""
    _sign_out(turn)
    turn.show_page(Page.GOODBYE)


def to_start(turn: Turn, notice: Sentence | None = None) -> None:
    """Back to the start page, in the machine's own language; items left on the pad are asked for first."""
    forget(turn)
    turn.set(language=turn.state.settings.languages[0], notice=notice)
    turn.show_page(Page.CLEAR if turn.state.pad.leftovers() and notice is None else Page.START)


def conclude(turn: Turn, timed_out: bool = False) -> None:
    """End the session: what lies on the pad is nobody's from now on; say what was done and what staff must see."""
    turn.set(pad=turn.state.pad.all_leftover(), card=None, account=None, notice=None, busy=False)
    work.close_rows(turn)
    done, mail = rows.done_rows(turn.state), _mail(turn.state)
    choice = turn.state.settings.has_printer or (mail is not None and mail.possible)
    if done and not timed_out and choice:
        turn.set(patron=None, mail=mail)
        turn.show_page(Page.RECEIPT)
    elif done or rows.staff_rows(turn.state):
        _goodbye(turn)
    else:
        to_start(turn)


def _mail(state: State) -> Mail | None:
    """What a receipt by e-mail needs; None where nobody is known, or this library sends none."""
    patron = state.patron
    return Mail(patron.token, patron.mail) if patron is not None and patron.mail is not None else None


# --- intents ----------------------------------------------------------------------------------------------------------


def _may_begin(state: State) -> bool:
    return state.page in BEFORE_SESSION


def _borrow(turn: Turn, _: m.Borrow) -> None:
    if _may_begin(turn.state):
        begin(turn, Page.CARD)
        turn.set(wanted=Page.BORROW)
    elif turn.state.page is Page.ACCOUNT and turn.state.patron and not turn.state.patron.notices:
        turn.set(busy=False)
        turn.show_page(Page.BORROW)


def _return(turn: Turn, _: m.Return) -> None:
    if _may_begin(turn.state):
        begin(turn, Page.RETURN)


def _account(turn: Turn, _: m.ShowAccount) -> None:
    if _may_begin(turn.state):
        begin(turn, Page.CARD)
        turn.set(wanted=Page.ACCOUNT)
    elif turn.state.page is Page.RENEW and not rows.in_work(turn.state, turn.now.monotonic):
        _open_account(turn)


def _pin(turn: Turn, message: m.Pin) -> None:
    state = turn.state
    if state.page is not Page.PIN or state.card is None or state.busy:
        return
    turn.set(busy=True, notice=None)
    turn.emit(SignIn(state.session, state.card, message.digits))


def _renew(turn: Turn, message: m.Renew) -> None:
    state = turn.state
    if state.page is not Page.ACCOUNT or state.account is None or state.rules is None or not state.central_up:
        return
    chosen = [loan for loan in state.account.loans if not message.items or loan.item in message.items]
    if not chosen:
        return
    turn.set(work={})
    for loan in chosen:
        known = state.items.get(loan.item) or ItemRecord(loan.item, loan.title, loan.author, loan.media_type)
        row = Work(loan.item, RowState.CHECKING, loan.title, loan.author, loan.media_type)
        turn.put_work(_for_renewal(row, known, state.rules, loan.due, turn.now))
    turn.show_page(Page.RENEW)


def _renew_row(turn: Turn, message: m.RenewRow) -> None:
    """Only what the row offers: a second touch finds no offer any more."""
    state = turn.state
    row = state.work.get(message.item)
    due = rows.renewal_offer(state, row) if row is not None else None
    if row is None or due is None or state.rules is None or row.media_type is None:
        return
    known = state.items.get(row.key) or ItemRecord(row.key, row.title, row.author, row.media_type)
    turn.put_work(_for_renewal(row, known, state.rules, due, turn.now))


def _for_renewal(row: Work, known: ItemRecord, rules: Published, due: date, now: m.Now) -> Work:
    """The row of a loan that is to be renewed: waiting, or refused at once by the machine's own rule (R55)."""
    row = replace(row, reason=None, due=due, renewal=True, attempts=0, lifted=False)
    refusal = rule_allows(Action.RENEWAL, known, rules, now.wall.date())
    if refusal is None:
        return replace(row, state=RowState.CHECKING, ready=True)
    dated = replace(refusal.reason, params={**refusal.reason.params, "due": due.isoformat()})
    return replace(row, state=RowState.REFUSED, reason=dated)


def _leave_set_out(turn: Turn, message: m.LeaveSetOut) -> None:
    row = turn.state.work.get(message.item)
    if row is not None and row.state is RowState.PART_MISSING:
        turn.set(left_out=turn.state.left_out | {message.item})


def _finish(turn: Turn, _: m.Finish) -> None:
    state = turn.state
    if state.page in (Page.CARD, Page.PIN):
        to_start(turn)
    elif state.page in WITH_ROWS or state.page is Page.ACCOUNT:
        asked = state.page is Page.LEAVE or state.warning_ends is not None
        if not asked and rows.open_rows(state, turn.now.monotonic):
            turn.set(under=state.page)
            turn.show_page(Page.LEAVE)
        else:
            conclude(turn)
    elif state.page in (Page.GOODBYE, Page.RECEIPT):
        to_start(turn)


def _back(turn: Turn, _: m.Back) -> None:
    state = turn.state
    if state.help:
        turn.set(help=False)
    elif state.page is Page.LEAVE:
        turn.show_page(state.under)
    elif state.page is Page.RENEW and not rows.in_work(state, turn.now.monotonic):
        _open_account(turn)
    elif state.page in PATRON_PAGES:
        _finish(turn, m.Finish())


def _more_time(turn: Turn, _: m.MoreTime) -> None:
    """Touching is enough: the sign of a person was noted already."""


def _choose_receipt(turn: Turn, message: m.ChooseReceipt) -> None:
    if turn.state.page is not Page.RECEIPT or turn.state.printing is not None:
        return
    if message.way == "print" and rows.can_print(turn.state):
        number = turn.number()
        turn.set(printing=number, notice=None)
        turn.emit(PrintReceipt(number, rows.receipt(turn.state, turn.now)))
    elif message.way == "mail" and turn.state.mail is not None and rows.can_mail(turn.state):
        number = turn.number()
        turn.set(printing=number, notice=None)
        turn.emit(MailReceipt(number, turn.receipt_id(), turn.state.mail.token, turn.state.asked))
    elif message.way == "none":
        _goodbye(turn)


def _language(turn: Turn, message: m.ChooseLanguage) -> None:
    if message.language in turn.state.settings.languages:
        turn.set(language=message.language)


def _help(turn: Turn, _: m.AskHelp) -> None:
    turn.set(help=True)


def _card_typed(turn: Turn, message: m.CardTyped) -> None:
    _card(turn, message.card)


INTENTS: Mapping[type, Callable[[Turn, Any], None]] = {
    m.Borrow: _borrow,
    m.Return: _return,
    m.ShowAccount: _account,
    m.Pin: _pin,
    m.Renew: _renew,
    m.RenewRow: _renew_row,
    m.LeaveSetOut: _leave_set_out,
    m.Finish: _finish,
    m.Back: _back,
    m.MoreTime: _more_time,
    m.ChooseReceipt: _choose_receipt,
    m.ChooseLanguage: _language,
    m.AskHelp: _help,
    m.CardTyped: _card_typed,
}


# --- cards and sign-in ------------------------------------------------------------------------------------------------


def card_seen(turn: Turn, event: CardSeen) -> None:
    """A card on the reader: at the start it means "borrow"."""
    _card(turn, CardIdentifier("uid", event.card.reveal()))


def code_scanned(turn: Turn, event: CodeScanned) -> None:
    """A scanned code where a card is asked for is the card's barcode."""
    _card(turn, CardIdentifier("barcode", event.code.text))


def _card(turn: Turn, card: CardIdentifier) -> None:
    if _may_begin(turn.state):
        begin(turn, Page.CARD)
        turn.set(wanted=Page.BORROW)
    if turn.state.page is Page.CARD:
        turn.set(card=card, notice=None)
        turn.show_page(Page.PIN)


def card_refused(turn: Turn, event: CardRefused) -> None:
    """A card that identifies nobody: say what to do instead."""
    if _may_begin(turn.state):
        begin(turn, Page.CARD)
        turn.set(wanted=Page.BORROW)
    if turn.state.page is Page.CARD:
        turn.set(notice=Sentence(CARD_PROBLEM[event.problem]))


def signed_in(turn: Turn, message: m.SignedIn) -> None:
    """The answer to card and PIN; one for an earlier session only signs that patron out again."""
    state = turn.state
    if message.session != state.session or state.page is not Page.PIN:
        if isinstance(message.answer, PatronSession):
            turn.emit(SignOut(message.answer.token))
        return
    turn.set(busy=False)
    if isinstance(message.answer, SignInRefused):
        _sign_in_refused(turn, message.answer)
        return
    patron = message.answer
    chosen_language = state.language != state.settings.languages[0]
    if patron.language in state.settings.languages and not chosen_language:
        turn.set(language=patron.language)
    turn.set(patron=patron, card=None)
    if state.wanted is Page.ACCOUNT or patron.notices:
        _open_account(turn)
    else:
        turn.show_page(Page.BORROW)


def _sign_in_refused(turn: Turn, answer: SignInRefused) -> None:
    if answer.code == "pin_wrong" and answer.tries_left:
        turn.set(notice=Sentence("signin.pin_wrong", {"n": answer.tries_left}))
    elif answer.code == "locked" and answer.until is not None:
        until = answer.until.astimezone(turn.now.wall.tzinfo)
        to_start(turn, Sentence("signin.pin_locked", {"time": until}))
    elif answer.code == "machine_locked":
        to_start(turn, Sentence("signin.machine_locked"))
    else:
        turn.set(notice=Sentence("signin.card_unknown"), card=None)
        turn.show_page(Page.CARD)


def _open_account(turn: Turn) -> None:
    patron = turn.state.patron
    if patron is None:
        return
    turn.set(busy=True, work={}, account=None)
    turn.show_page(Page.ACCOUNT)
    turn.emit(LoadAccount(turn.state.session, patron.token))


def account_loaded(turn: Turn, message: m.AccountLoaded) -> None:
    """The account is shown only to the session that asked."""
    if message.session == turn.state.session and turn.state.patron is not None:
        turn.set(account=message.account, busy=False)


def request_failed(turn: Turn, message: m.RequestFailed) -> None:
    """A sign-in or account that could not be had: say so, keep what is possible."""
    if message.session != turn.state.session or not turn.state.busy:
        return
    turn.set(busy=False, notice=Sentence("signin.unreachable"))
    if message.what == "sign_in" or message.code == "session_ended":
        to_start(turn, Sentence("signin.unreachable"))


def printed(turn: Turn, event: Printed) -> None:
    """The receipt came, or another way must be chosen."""
    _receipt_ended(turn, event.request, "receipt.take" if event.problem is None else None)


def mailed(turn: Turn, message: m.ReceiptMailed) -> None:
    """The receipt is on its way, or another way must be chosen: this one again only where that can help."""
    state = turn.state
    if state.mail is None or message.request != state.printing:
        return
    if message.problem == NO_ADDRESS:
        turn.set(mail=replace(state.mail, possible=False))
    elif message.problem not in (None, *MAY_PASS):
        _sign_out(turn)  # and with it goes the choice
    _receipt_ended(turn, message.request, "receipt.sent" if message.problem is None else None)


def _receipt_ended(turn: Turn, request: int, says: str | None) -> None:
    """``says``: what to tell of a receipt that came; None = it did not."""
    if turn.state.page is not Page.RECEIPT or request != turn.state.printing:
        return
    turn.set(printing=None, notice=Sentence(says or "receipt.failed"))
    if says is not None:
        _goodbye(turn)


# --- time -------------------------------------------------------------------------------------------------------------


def person_there(turn: Turn) -> None:
    """A touch, key, card or item: more time."""
    turn.set(touched=turn.now.monotonic)


def time_passed(turn: Turn) -> None:
    """Whatever a deadline brings: warning, sign-out, the end of the last screen."""
    state, now = turn.state, turn.now.monotonic
    if state.page in PATRON_PAGES:
        _patience(turn)
    elif state.page is Page.GOODBYE and now - state.page_since >= state.settings.goodbye:
        to_start(turn)
    elif state.page is Page.CLEAR and not state.pad.leftovers():
        turn.show_page(Page.START)
    elif now - max(state.page_since, state.touched) >= state.settings.idle:
        turn.set(**left_as_found(state))


def left_as_found(state: State) -> Mapping[str, object]:
    """What a start page that nobody touches goes back to: no notice, and the machine's own language."""
    own = {"notice": None, "language": state.settings.languages[0]}
    changed = state.notice is not None or state.language != own["language"]
    return own if state.page is Page.START and changed else {}


def _patience(turn: Turn) -> None:
    state, now = turn.state, turn.now.monotonic
    if rows.in_work(state, now) or state.busy or state.printing is not None:
        turn.set(touched=now, warning_ends=None)
    elif state.touched + state.settings.idle > now:
        turn.set(warning_ends=None)
    elif state.warning_ends is None:
        ends = turn.now.wall + timedelta(seconds=state.settings.warn)
        turn.set(warning_ends=now + state.settings.warn, warning_wall=ends)
    elif now >= state.warning_ends:
        _time_out(turn)


def _time_out(turn: Turn) -> None:
    if turn.state.page in WITH_ROWS or turn.state.page is Page.ACCOUNT:
        conclude(turn, timed_out=True)
    elif turn.state.page is Page.RECEIPT:
        _goodbye(turn)
    else:
        to_start(turn)


def out_of_order(turn: Turn) -> None:
    """The machine cannot go on: end the session as if its time had run out."""
    if turn.state.page in STACK_ACTION or turn.state.page in PATRON_PAGES:
        _time_out(turn)
