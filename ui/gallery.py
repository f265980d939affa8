"""Example screen values, one or more a class of ``kiosk.screens``: for tests, pictures and whoever changes a screen.

Invented titles and people. Not responsible for drawing them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from kiosk import screens as s
from kiosk.screens import Frame, PartView, Row, RowState, Screen, Sentence, StackView

NOW = datetime(2026, 11, 21, 14, 35, tzinfo=timezone(timedelta(hours=1)))
LATER, SOON = date(2026, 12, 19), date(2026, 11, 28)
LANGUAGES = ("en", "de")
_LIBRARIES = {"de": "Stadtbibliothek Lindenau", "ar": "مكتبة مدينة لينديناو"}
_KINDS = {"de": "Filme ab 18", "ar": "أفلام ما فوق 18 عاماً"}
_DISC = {"de": "CD {n}", "ar": "القرص {n}"}


def frame(language: str = "en", name: str | None = None, offline: bool = False) -> Frame:
    """A frame of one visit."""
    tags = LANGUAGES if language in LANGUAGES else (*LANGUAGES, language)
    return Frame(1, language, tags, _LIBRARIES.get(language, "Lindenau City Library"), name, offline)


def _row(
    key: str, title: str, author: str, media: str | None, state: RowState, says: Sentence, due: date | None = None
) -> Row:
    return Row(key, title, author, media, state, says, due)


def _lent(key: str, title: str, author: str, media: str, due: date = LATER) -> Row:
    return _row(key, title, author, media, RowState.LENT, Sentence("row.lent", {"date": due}), due)


def _part_missing(language: str) -> Row:
    disc = _DISC.get(language, "disc {n}").format(n=2)
    return Row(
        "hound",
        "The Hound of the Baskervilles",
        "Arthur Conan Doyle",
        "audiobook",
        RowState.PART_MISSING,
        Sentence("row.part", {"part": disc, "k": 2, "n": 3}),
        parts=(PartView(1, True), PartView(2, False), PartView(3, True)),
    )


def mixed_rows(language: str) -> tuple[Row, ...]:
    """Nine items in nine states."""
    return (
        _lent("pride", "Pride and Prejudice", "Jane Austen", "book"),
        _lent("metropolis", "Metropolis", "Fritz Lang", "dvd", SOON),
        _row(
            "night",
            "The Long Night",
            "",
            "dvd",
            RowState.REFUSED,
            Sentence("no.machine_out", {"kind": _KINDS.get(language, "Films from 18")}),
        ),
        _part_missing(language),
        _row("E004015077D0E09D", "", "", None, RowState.STAFF, Sentence("row.label")),
        _row("moby", "Moby-Dick", "Herman Melville", "book", RowState.PUT_BACK, Sentence("row.put_back")),
        _row("crime", "Crime and Punishment", "Fyodor Dostoevsky", "book", RowState.UNKNOWN, Sentence("row.unknown")),
        _row("cat", "吾輩は猫である", "夏目漱石", "book", RowState.CHECKING, Sentence("row.checking")),
        _row("E00401503B7AC177", "", "", None, RowState.ARRIVING, Sentence("row.arriving")),
    )


def _done_rows() -> tuple[Row, ...]:
    return (
        _lent("pride", "Pride and Prejudice", "Jane Austen", "book"),
        _lent("metropolis", "Metropolis", "Fritz Lang", "dvd", SOON),
        _lent("moby", "Moby-Dick", "Herman Melville", "book"),
        _lent("crime", "Crime and Punishment", "Fyodor Dostoevsky", "book"),
        _lent("hound", "The Hound of the Baskervilles", "Arthur Conan Doyle", "audiobook"),
    )


def starting(language: str) -> s.Starting:
    """Getting ready."""
    return s.Starting(frame(language))


def start(language: str) -> s.Start:
    """Nobody there, nothing on the pad."""
    return s.Start(frame(language), Sentence("start.headline"), Sentence("start.choose"), 0, True, True)


def start_waiting(language: str) -> s.Start:
    """Items laid down first."""
    return s.Start(frame(language), Sentence("start.waiting", {"n": 3}), Sentence("start.choose"), 3, True, True)


def start_offline(language: str) -> s.Start:
    """The central service does not answer."""
    return s.Start(frame(language, offline=True), Sentence("start.headline"), Sentence("start.choose"), 0, True, True)


def card(language: str) -> s.Card:
    """Card wanted."""
    return s.Card(frame(language), Sentence("signin.card"), "borrow", Sentence("signin.kept", {"n": 5}))


def pin(language: str) -> s.Pin:
    """PIN wanted after a wrong one."""
    return s.Pin(frame(language), Sentence("signin.pin"), False, Sentence("signin.pin_wrong", {"n": 2}))


def borrow(language: str) -> s.Borrow:
    """A mixed stack."""
    return s.Borrow(
        frame(language, "Mira"),
        Sentence("stack.put_back", {"n": 1}),
        None,
        mixed_rows(language),
        StackView(8, 9, 1),
        Sentence("account.allow", {"have": 5, "max": 15, "left": 10}),
        False,
    )


def borrow_empty(language: str) -> s.Borrow:
    """Signed in, nothing on the pad yet."""
    return s.Borrow(
        frame(language, "Mira"),
        Sentence("start.headline"),
        None,
        (),
        StackView(0, None, 0),
        Sentence("account.allow", {"have": 5, "max": 15, "left": 10}),
        True,
    )


def borrow_done(language: str) -> s.Borrow:
    """Everything lent."""
    return s.Borrow(
        frame(language, "Mira"),
        Sentence("stack.more"),
        None,
        _done_rows(),
        StackView(5, None, 0),
        Sentence("account.allow", {"have": 10, "max": 15, "left": 5}),
        True,
    )


def _yours(key: str, title: str, state: RowState, says: Sentence, due: date | None = None) -> Row:
    offered = says.code == "row.already_yours"
    return Row(key, title, "", "book", state, says, due, can_renew=offered)


def borrow_yours(language: str) -> s.Borrow:
    """Items that are on the patron's account already, in every state their renewal may be in."""
    rows = (
        _lent("metropolis", "Metropolis", "Fritz Lang", "dvd"),
        _yours("pride", "Pride and Prejudice", RowState.RENEWED, Sentence("row.renewed", {"date": LATER}), LATER),
        _yours("prince", "Le Petit Prince", RowState.REFUSED, Sentence("no.renew_waiting", {"date": SOON}), SOON),
        _yours("crime", "Crime and Punishment", RowState.UNKNOWN, Sentence("row.renew_unknown")),
        _yours("cat", "吾輩は猫である", RowState.CHECKING, Sentence("row.checking")),
        _yours("moby", "Moby-Dick", RowState.REFUSED, Sentence("row.already_yours", {"date": SOON})),
    )
    return s.Borrow(
        frame(language, "Mira"),
        Sentence("stack.leave"),
        None,
        rows,
        StackView(6, None, 0),
        Sentence("account.allow", {"have": 6, "max": 15, "left": 9}),
        False,
    )


def borrow_many(language: str) -> s.Borrow:
    """Twenty-two items, long titles among them."""
    long = "A very long title that a cataloguer copied from the title page with every word, volume two, second edition"
    rows = tuple(
        _lent(f"item{n}", long if n % 5 == 0 else f"Collected Stories {n}", "Author, Some", "book") for n in range(22)
    )
    return s.Borrow(
        frame(language, "Mira"),
        Sentence("stack.leave"),
        None,
        rows,
        StackView(22, None, 0),
        Sentence("account.allow", {"have": 22, "max": 30, "left": 8}),
        False,
    )


def give_back(language: str) -> s.Return:
    """Six items, one refused."""
    kind = {"de": "Spiele", "ar": "الألعاب"}.get(language, "Games")
    rows = (
        _row("pride", "Pride and Prejudice", "", "book", RowState.RETURNED, Sentence("row.returned")),
        _row("cat", "吾輩は猫である", "", "book", RowState.RETURNED, Sentence("row.returned")),
        _row("metropolis", "Metropolis", "", "dvd", RowState.RETURNED, Sentence("row.returned")),
        _row("prince", "Le Petit Prince", "", "book", RowState.NOT_ON_LOAN, Sentence("no.not_on_loan")),
        _row("raft", "River Raft", "", "game", RowState.REFUSED, Sentence("no.machine_in", {"kind": kind})),
        _row("bag", "Der Zauberer von Oz", "", "magazine", RowState.CHECKING, Sentence("row.checking")),
    )
    return s.Return(frame(language), Sentence("stack.leave"), None, rows, StackView(6, None, 0), False)


def account(language: str) -> s.Account:
    """Loans, ready items and a fee."""
    due = Sentence("renew.due")
    loans = tuple(
        s.AccountRow(f"loan{n}", title, "", "book", due, LATER if n else SOON)
        for n, title in enumerate(
            (
                "Pride and Prejudice",
                "Планета бурь",
                "Le Petit Prince",
                "Moby-Dick",
                "Crime and Punishment",
                "Metropolis",
            )
        )
    )
    ready = (
        s.AccountRow(
            "prince",
            "Le Petit Prince",
            "",
            "book",
            Sentence("account.collect", {"date": date(2026, 11, 27), "shelf": "M 12"}),
        ),
        s.AccountRow(
            "solaris", "Solaris", "", "dvd", Sentence("account.collect", {"date": date(2026, 11, 30), "shelf": "M 14"})
        ),
    )
    fees = (s.AccountRow("fee1", "Moby-Dick", "", "book", Sentence("account.owed", {"amount": (340, "EUR")})),)
    return s.Account(
        frame(language, "Mira"),
        Sentence("account.ask"),
        loans,
        ready,
        fees,
        Sentence("account.owed", {"amount": (340, "EUR")}),
        False,
    )


def renew(language: str) -> s.Renew:
    """Two renewed, four not."""
    rows = (
        _row(
            "pride",
            "Pride and Prejudice",
            "Jane Austen",
            "book",
            RowState.RENEWED,
            Sentence("row.renewed", {"date": LATER}),
            LATER,
        ),
        _row(
            "storm",
            "Планета бурь",
            "A. Kasanzew",
            "book",
            RowState.RENEWED,
            Sentence("row.renewed", {"date": LATER}),
            LATER,
        ),
        _row(
            "prince",
            "Le Petit Prince",
            "",
            "book",
            RowState.REFUSED,
            Sentence("no.renew_waiting", {"date": SOON}),
            SOON,
        ),
        _row(
            "hound",
            "The Hound of the Baskervilles",
            "",
            "audiobook",
            RowState.REFUSED,
            Sentence("no.renew_limit", {"date": SOON, "n": 2}),
            SOON,
        ),
        _row(
            "metropolis", "Metropolis", "", "dvd", RowState.REFUSED, Sentence("no.machine_renew", {"date": SOON}), SOON
        ),
        _row(
            "oz",
            "Der Zauberer von Oz",
            "",
            "magazine",
            RowState.REFUSED,
            Sentence("no.renew_early", {"from": date(2026, 11, 23), "date": LATER}),
            LATER,
        ),
    )
    return s.Renew(
        frame(language, "Mira"), Sentence("renew.result", {"k": 2, "n": 6}), Sentence("renew.rest"), rows, True
    )


def leave_open(language: str) -> s.LeaveOpen:
    """Three items open."""
    rows = tuple(row for row in mixed_rows(language) if row.key in {"E004015077D0E09D", "moby", "crime"})
    return s.LeaveOpen(frame(language, "Mira"), Sentence("leave.ask", {"n": 3}), Sentence("leave.note"), rows)


def receipt_choice(language: str) -> s.ReceiptChoice:
    """Printer without paper is not part of this one."""
    staff = tuple(row for row in mixed_rows(language) if row.key in {"E004015077D0E09D", "crime"})
    choices = (
        s.Choice("print", Sentence("receipt.print"), True),
        s.Choice("mail", Sentence("receipt.mail"), True, None, Sentence("receipt.mail_note")),
        s.Choice("none", Sentence("receipt.none"), True),
    )
    return s.ReceiptChoice(
        frame(language, "Mira"),
        Sentence("receipt.ask"),
        Sentence("receipt.sum", {"n": 5}),
        _done_rows(),
        staff,
        choices,
    )


def receipt_no_paper(language: str) -> s.ReceiptChoice:
    """The printer has no paper, and the patron no address."""
    choices = (
        s.Choice("print", Sentence("receipt.print"), False, Sentence("receipt.no_paper")),
        s.Choice("mail", Sentence("receipt.mail"), False, Sentence("receipt.no_mail")),
        s.Choice("none", Sentence("receipt.none"), True),
    )
    return s.ReceiptChoice(
        frame(language, "Mira"), Sentence("receipt.ask"), Sentence("receipt.sum", {"n": 5}), _done_rows(), (), choices
    )


def receipt_renewed(language: str) -> s.ReceiptChoice:
    """Items lent and one renewed."""
    view = receipt_choice(language)
    renewed = Row(
        "cat", "吾輩は猫である", "", "book", RowState.RENEWED, Sentence("row.renewed", {"date": LATER}), LATER
    )
    return replace(view, rows=(*view.rows, renewed), also=Sentence("receipt.renewed_sum", {"n": 1}))


def goodbye(language: str) -> s.Goodbye:
    """Two items for staff."""
    staff = tuple(row for row in mixed_rows(language) if row.key in {"E004015077D0E09D", "crime"})
    return s.Goodbye(frame(language), Sentence("stack.done"), Sentence("receipt.staff", {"n": 2}), staff)


def clear_pad(language: str) -> s.ClearPad:
    """Two items left behind."""
    return s.ClearPad(frame(language), Sentence("stack.clear", {"n": 2}), 2)


def time_out(language: str) -> s.TimeOutWarning:
    """Twenty of thirty seconds left."""
    return s.TimeOutWarning(
        frame(language, "Mira"), Sentence("time.ask"), Sentence("time.or"), 30, NOW + timedelta(seconds=20)
    )


def help_(language: str) -> s.Help:
    """Help on the borrowing screen."""
    lines = (
        Sentence("stack.any_time"),
        Sentence("count.tip_side"),
        Sentence("count.tip_discs"),
        Sentence("part.others"),
    )
    return s.Help(frame(language, "Mira"), Sentence("tool.help"), lines)


def out_of_order(language: str) -> s.OutOfOrder:
    """The pad does not answer, staff know."""
    return s.OutOfOrder(
        frame(language),
        Sentence("machine.out"),
        Sentence("machine.out_why"),
        Sentence("machine.out_safe"),
        "R-07 pad",
        True,
    )


EXAMPLES: Mapping[str, Callable[[str], Screen]] = {
    "Starting": starting,
    "Start": start,
    "Card": card,
    "Pin": pin,
    "Borrow": borrow,
    "Return": give_back,
    "Account": account,
    "Renew": renew,
    "LeaveOpen": leave_open,
    "ReceiptChoice": receipt_choice,
    "Goodbye": goodbye,
    "ClearPad": clear_pad,
    "TimeOutWarning": time_out,
    "Help": help_,
    "OutOfOrder": out_of_order,
}
"""One example a class, under the class's name."""
MORE: Mapping[str, Callable[[str], Screen]] = {
    "Start-waiting": start_waiting,
    "Start-offline": start_offline,
    "Borrow-empty": borrow_empty,
    "Borrow-done": borrow_done,
    "Borrow-yours": borrow_yours,
    "Borrow-many": borrow_many,
    "ReceiptChoice-no-paper": receipt_no_paper,
    "ReceiptChoice-renewed": receipt_renewed,
}
UNDER: Mapping[str, str] = {"LeaveOpen": "Borrow", "TimeOutWarning": "Borrow-done", "Help": "Borrow"}
"""For a sheet: the example it lies over."""


def example(name: str, language: str) -> Screen:
    """An example by its name in EXAMPLES or MORE."""
    return {**EXAMPLES, **MORE}[name](language)
