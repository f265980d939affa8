"""From the state to the one screen that is shown.

Responsible for choosing the screen, its headline (ui.md 4: the first that applies) and its cues. Codes and values only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from drivers.api import TagProblem, Unreadable
from kiosk import screens as s
from kiosk.central.api import Action
from kiosk.effects import Step
from kiosk.messages import Now
from kiosk.screens import PATRON_CAN_ACT, Row, RowState, Sentence, StackView
from kiosk.session import rows
from kiosk.session.state import Page, State
from kiosk.stack import count_items

MOST_CUES = 20
HELP: Mapping[Page, str] = {
    Page.CARD: "help.card",
    Page.PIN: "help.pin",
    Page.BORROW: "help.stack",
    Page.RETURN: "help.stack",
}
CUE_OF: Mapping[RowState, str] = {
    RowState.PUT_BACK: "needs_you",
    RowState.PART_MISSING: "needs_you",
    RowState.REFUSED: "not_here",
    RowState.STAFF: "not_here",
}
STARTING_PATIENCE = 30.0  # seconds until "getting ready" becomes "out of order"


def frame(state: State) -> s.Frame:
    """What stands on every screen."""
    return s.Frame(
        session=state.session,
        language=state.language,
        languages=state.settings.languages,
        library=state.settings.library,
        first_name=state.patron.first_name if state.patron else None,
        offline=state.journal_read and not state.central_up,
        cues=state.cues,
    )


def why_out(state: State, now: float) -> str | None:
    """Why the machine cannot serve: "journal", "thread", "reader" or "rules"; None if it can, or is still starting."""
    if state.dead:
        return "thread"
    if not state.journal_ok:
        return "journal"
    pad = state.devices.get("pad")
    started = state.started if state.started is not None else now
    if pad is None or pad.reason is not None:
        since = pad.since if pad is not None else started
        if now - since >= state.settings.pad_grace:
            return "reader"
    if state.rules is None and now - started >= STARTING_PATIENCE:
        return "rules"
    return None


def is_starting(state: State) -> bool:
    """Whether something that is needed has never been there yet."""
    pad = state.devices.get("pad")
    return not state.journal_read or state.rules is None or pad is None or (pad.info is None)


def serves(state: State, now: float) -> bool:
    """Whether a person can use the machine now; touches behind "out of order" are not taken."""
    return not is_starting(state) and why_out(state, now) is None


def view(state: State, now: Now) -> s.Screen:
    """The screen for this state."""
    out = why_out(state, now.monotonic)
    if out is not None:
        return _out_of_order(state, out)
    if is_starting(state):
        return s.Starting(frame(state))
    if state.warning_ends is not None and state.warning_wall is not None:
        seconds = round(state.settings.warn)
        headline, line = Sentence("time.ask"), Sentence("time.or")
        return s.TimeOutWarning(frame(state), headline, line, seconds, state.warning_wall)
    if state.help:
        lines = (Sentence(HELP.get(state.page, "help.start")), Sentence("signin.no_card_help"))
        return s.Help(frame(state), Sentence("tool.help"), lines)
    return PAGES[state.page](state, now)


def _out_of_order(state: State, why: str) -> s.OutOfOrder:
    told = state.central_up
    line = Sentence("machine.out_why" if told else "machine.out_tell")
    return s.OutOfOrder(frame(state), Sentence("machine.out"), line, Sentence("machine.out_safe"), f"out.{why}", told)


def _start(state: State, now: Now) -> s.Start:
    waiting = count_items(state.pad.fresh())
    headline = Sentence("start.waiting", {"n": waiting}) if waiting else Sentence("start.headline")
    notice = state.notice
    if notice is None and _pad_down(state):
        notice = Sentence("machine.reader")
    if notice is None and not state.central_up:
        notice = Sentence("machine.return_only_why")
    return s.Start(
        frame(state), headline, Sentence("start.choose"), waiting, state.central_up, state.rules is not None, notice
    )


def _card(state: State, now: Now) -> s.Card:
    kept = count_items(state.pad.fresh())
    return s.Card(
        frame(state),
        Sentence("signin.card"),
        "account" if state.wanted is Page.ACCOUNT else "borrow",
        Sentence("signin.kept", {"n": kept}) if kept else None,
        state.notice,
    )


def _pin(state: State, now: Now) -> s.Pin:
    return s.Pin(frame(state), Sentence("signin.pin"), state.busy, state.notice)


def _pad_down(state: State) -> bool:
    pad = state.devices.get("pad")
    return pad is not None and pad.reason is not None


def _card_on_pad(state: State) -> bool:
    problems = (tag.data for tag in state.pad.tags.values() if isinstance(tag.data, TagProblem))
    return any(problem.reason is Unreadable.PATRON_CARD for problem in problems)


def _stack(state: State) -> StackView:
    unread = sum(tag.data is None for tag in state.pad.fresh()) + state.pad.unresolved
    known = sum(work.state is not RowState.ARRIVING for work in state.work.values())
    return StackView(known, known + unread if unread else None, unread)


def _headline(state: State, now: Now, shown: tuple[Row, ...], idle: str) -> Sentence:
    """The first that applies (ui.md 4)."""
    leftovers = count_items(state.pad.leftovers())
    put_back = sum(row.state is RowState.PUT_BACK for row in shown)
    part = next(
        (work for work in state.work.values() if rows.truth(state, work, now.monotonic).state is RowState.PART_MISSING),
        None,
    )
    stack = _stack(state)
    need = sum(row.state in PATRON_CAN_ACT for row in shown)
    choices: tuple[tuple[bool, Callable[[], Sentence]], ...] = (
        (_pad_down(state), lambda: Sentence("machine.reader")),
        (bool(leftovers), lambda: Sentence("stack.before_you", {"n": leftovers})),
        (_card_on_pad(state), lambda: Sentence("stack.card_on_pad")),
        (bool(put_back), lambda: Sentence("stack.put_back", {"n": put_back})),
        (
            part is not None,
            lambda: Sentence("part.headline", {"part": rows.part_names(state, part.missing) if part else ""}),
        ),
        (bool(state.pad.unresolved), lambda: Sentence("stack.spread", {"m": stack.unread, "n": stack.of or 0})),
        (rows.in_work(state, now.monotonic), lambda: Sentence("stack.leave")),
        (bool(need), lambda: Sentence("stack.need_you", {"n": need})),
        (bool(shown), lambda: Sentence(idle)),
    )
    return next((make() for applies, make in choices if applies), Sentence("start.headline"))


def _all_rows(state: State, now: Now) -> tuple[Row, ...]:
    return (*rows.session_rows(state, now.monotonic), *rows.leftover_rows(state))


def _borrow(state: State, now: Now) -> s.Borrow:
    shown = _all_rows(state, now)
    return s.Borrow(
        frame(state),
        _headline(state, now, shown, "stack.more"),
        Sentence("stack.any_time") if shown else None,
        shown,
        _stack(state),
        _allowance(state),
        not rows.open_rows(state, now.monotonic),
    )


def _allowance(state: State) -> Sentence | None:
    if state.patron is None or state.patron.limit is None:
        return None
    lent = sum(work.state is RowState.LENT or _is_loaned(state, work.operation) for work in state.work.values())
    have = state.patron.loans + lent
    left = max(state.patron.limit - have, 0)
    return Sentence("account.allow", {"have": have, "max": state.patron.limit, "left": left})


def _is_loaned(state: State, operation: str | None) -> bool:
    found = state.operations.get(operation) if operation else None
    return found is not None and found.action is Action.CHECKOUT and found.step is Step.LOANED


def _return(state: State, now: Now) -> s.Return:
    shown = _all_rows(state, now)
    return s.Return(
        frame(state),
        _headline(state, now, shown, "stack.return_more"),
        Sentence("stack.any_time") if shown else None,
        shown,
        _stack(state),
        not rows.open_rows(state, now.monotonic),
    )


def _account(state: State, now: Now) -> s.Account:
    account = state.account
    notice = state.notice
    if notice is None and state.patron is not None and state.patron.notices:
        notice = rows.reason_sentence(state, state.patron.notices[0])
    if account is None:
        return s.Account(frame(state), Sentence("account.ask"), (), (), (), None, state.busy, notice)
    loans = tuple(
        s.AccountRow(x.item, x.title, x.author, x.media_type, Sentence("renew.due"), x.due) for x in account.loans
    )
    ready = tuple(
        s.AccountRow(x.item, x.title, x.author, x.media_type, Sentence("account.ready_note"), x.collect_by)
        for x in account.ready
    )
    money = account.currency
    fees = tuple(
        s.AccountRow(str(n), fee.title or "", "", None, Sentence("account.owed", {"amount": (fee.amount, money)}))
        for n, fee in enumerate(account.fees)
    )
    owed = Sentence("account.owed", {"amount": (account.owed, money)}) if account.owed else None
    return s.Account(frame(state), Sentence("account.ask"), loans, ready, fees, owed, False, notice)


def _renew(state: State, now: Now) -> s.Renew:
    shown = rows.session_rows(state, now.monotonic)
    renewed = sum(row.state is RowState.RENEWED for row in shown)
    busy = rows.in_work(state, now.monotonic)
    headline = Sentence("row.checking") if busy else Sentence("renew.result", {"k": renewed, "n": len(shown)})
    line = Sentence("renew.rest") if not busy and renewed < len(shown) else None
    return s.Renew(frame(state), headline, line, shown, not busy)


def _leave(state: State, now: Now) -> s.LeaveOpen:
    waiting = rows.open_rows(state, now.monotonic)
    return s.LeaveOpen(frame(state), Sentence("leave.ask", {"n": len(waiting)}), Sentence("leave.note"), waiting)


def _choices(state: State) -> Iterator[s.Choice]:
    if state.settings.has_printer:
        possible = rows.can_print(state)
        yield s.Choice("print", Sentence("receipt.print"), possible, None if possible else Sentence("receipt.no_paper"))
    if state.mail is not None:
        possible = rows.can_mail(state)
        why_not = Sentence("machine.not_now" if state.mail.possible else "receipt.no_mail")
        says, note = Sentence("receipt.mail"), Sentence("receipt.mail_note")
        yield s.Choice("mail", says, possible, None if possible else why_not, note if possible else None)
    yield s.Choice("none", Sentence("receipt.none"), True)


def _receipt(state: State, now: Now) -> s.ReceiptChoice:
    done = tuple(rows.row(state, work, now.monotonic) for work in rows.done_rows(state))
    summary, also = rows.summary(state)
    return s.ReceiptChoice(
        frame(state),
        Sentence("receipt.ask"),
        summary,
        done,
        _staff(state, now),
        tuple(_choices(state)),
        state.printing is not None,
        state.notice,
        also,
    )


def _staff(state: State, now: Now) -> tuple[Row, ...]:
    return tuple(rows.row(state, work, now.monotonic) for work in rows.staff_rows(state))


def _goodbye(state: State, now: Now) -> s.Goodbye:
    staff = _staff(state, now)
    line = Sentence("receipt.staff", {"n": len(staff)}) if staff else state.notice
    return s.Goodbye(frame(state), Sentence("stack.done"), line, staff)


def _clear(state: State, now: Now) -> s.ClearPad:
    left = count_items(state.pad.leftovers())
    return s.ClearPad(frame(state), Sentence("stack.clear", {"n": left}), left)


PAGES: Mapping[Page, Callable[[State, Now], s.Screen]] = {
    Page.START: _start,
    Page.CARD: _card,
    Page.PIN: _pin,
    Page.BORROW: _borrow,
    Page.RETURN: _return,
    Page.ACCOUNT: _account,
    Page.RENEW: _renew,
    Page.LEAVE: _leave,
    Page.RECEIPT: _receipt,
    Page.GOODBYE: _goodbye,
    Page.CLEAR: _clear,
}


# --- cues -------------------------------------------------------------------------------------------------------------


def _rows_of(screen: s.Screen | None) -> Mapping[str, RowState]:
    found = getattr(screen, "rows", ())
    return {row.key: row.state for row in found if isinstance(row, Row)}


def cues(before: s.Screen | None, after: s.Screen) -> tuple[str, ...]:
    """Sounds for what changed: at most one for the stack, one for a warning (ui.md 7)."""
    if isinstance(after, s.TimeOutWarning) and not isinstance(before, s.TimeOutWarning):
        return ("time",)
    old, new = _rows_of(before), _rows_of(after)
    changed = [state for key, state in new.items() if old.get(key) is not state]
    loud = [CUE_OF[state] for state in changed if state in CUE_OF]
    if "needs_you" in loud:
        return ("needs_you",)
    if loud:
        return (loud[0],)
    if changed and all(state in s.DONE_STATES for state in new.values()):
        return ("done",)
    return ("seen",) if any(key not in old for key in new) else ()


def with_cues(state: State, screen: s.Screen) -> tuple[State, s.Screen]:
    """Number the cues of this change and hang the last 20 onto the screen."""
    for sound in cues(state.shown, screen):
        number = state.cue_number + 1
        tail = (*state.cues, s.Cue(number, sound))[-MOST_CUES:]
        state = replace(state, cue_number=number, cues=tail)
    return state, replace(screen, frame=replace(screen.frame, cues=state.cues))
