"""``python -m benchmarks``: every figure beside its limit, in one run."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks import composing, decisions, importing, notices, screen, sending, stacks, statements, throughput
from benchmarks.decisions import Timed, Times

console = Console()


def main() -> None:
    """Measure and print."""
    print_decisions()
    print_statements()
    print_throughput()
    print_importing()
    print_composing()
    print_notices()
    print_sending()
    print_stacks()
    print_screen()


def print_decisions() -> None:
    """How long deciding by rules takes."""
    table = Table(title="Deciding one checkout by rules (20 kinds), beside zen-engine with the same rules as tables")
    for column in ("rules", "", "ready, ms", "with trace, us", "times ours", "without, us", "times ours", "at least"):
        table.add_column(column, justify="right")
    with console.status("deciding checkouts, about half a minute ..."):
        for figure in decisions.measure():
            _add_decisions(table, figure)
    console.print(table)
    console.print(
        "times: median / 99th of a hundred. A decision here carries its trace, which is written out when it is read or "
        "recorded; the peer writes its own at once. The limit is for the peer's fastest way to keep the whole set as "
        "tables; 'a graph a branch' is built from the lists this engine has prepared. Both name the same "
        "rule for every question, or this stops (benchmarks/tables.py tells how the peer is used)."
    )


def _add_decisions(table: Table, figure: decisions.Figure) -> None:
    ready, traced, untraced = _cells(figure.own)
    limit = "" if figure.met is None else f"{decisions.LIMIT:.0f}: {'kept' if figure.met else 'not kept'}"
    table.add_row(f"{figure.rules:,}", "this engine", ready, traced, "", untraced, "", "")
    table.add_row("", "trace written out", "", _microseconds(figure.written), "", "", "", "")
    for peer in figure.peers:
        ready, traced, untraced = _cells(peer)
        ratios = (f"{figure.times_ours(peer):.1f}", f"{figure.times_ours_untraced(peer):.1f}")
        mark = limit if figure.times_ours(peer) == figure.ratio else ""
        table.add_row("", f"zen, {peer.name}", ready, traced, ratios[0], untraced, ratios[1], mark)
    table.add_section()


def _microseconds(times: Times) -> str:
    return f"{times.median * 1e6:,.0f} / {times.p99 * 1e6:,.0f}"


def _cells(timed: Timed) -> tuple[str, str, str]:
    return f"{timed.prepared * 1e3:,.0f}", _microseconds(timed.traced), _microseconds(timed.untraced)


def print_statements() -> None:
    """How many SQL statements a transaction sends."""
    table = Table(title="SQL statements of one transaction, by loans of the patron / reservations of the title")
    for column in ("", "", *(f"{loans} / {waiting}" for loans, waiting in statements.CASES), "the same"):
        table.add_column(column, justify="right" if column else "left")
    with console.status("counting statements ..."):
        for figure in statements.measure():
            counts = (str(figure.sent[case]) for case in statements.CASES)
            table.add_row(figure.database, figure.action, *counts, "kept" if figure.same else "not kept")
    console.print(table)


def print_throughput() -> None:
    """How many checkouts a second the service takes."""
    table = Table(
        title="Checkouts a second / p99 in ms, over HTTP and by the driver alone with the same SQL statements"
    )
    for column in ("", "clients", "driver", "one by one", "ratio", "by twenty", "ratio", "failed"):
        table.add_column(column, justify="right" if column else "left")
    with console.status("lending through the served program, about two minutes ..."):
        for figure in throughput.measure():
            _add_throughput(table, figure)
    console.print(table)
    console.print(
        f"ratio: to the driver; aim {throughput.LEAST_SINGLE} one by one and {throughput.LEAST_BATCHED} by twenty. "
        "driver: the statements of one checkout by sqlite3 or psycopg from as many connections, one commit each, in "
        "turn with the service. p99: of a transaction, a request, a request of twenty. One server process; SQLite with "
        "synchronous=FULL, PostgreSQL over a local socket with fsync, synchronous_commit and full_page_writes on, as "
        "Debian ships it. failed: checkouts that were answered otherwise than done; there must be none."
    )


def _add_throughput(table: Table, figure: throughput.Figure) -> None:
    def rate(found: throughput.Rate) -> str:
        return f"{found.per_second:,.0f} / {found.p99 * 1e3:,.0f}"

    def ratio(found: float, least: float) -> str:
        return f"{found:.2f}" if found >= least else f"{found:.2f} < {least}"

    table.add_row(
        figure.database,
        str(figure.clients),
        rate(figure.direct),
        rate(figure.single),
        ratio(figure.ratio_single, throughput.LEAST_SINGLE),
        rate(figure.batched),
        ratio(figure.ratio_batched, throughput.LEAST_BATCHED),
        str(figure.failed),
    )


def print_importing() -> None:
    """What importing a catalogue costs."""
    table = Table(title="Importing items from CSV into SQLite, beside bare executemany of the same rows")
    for column in ("", "rows", "seconds", "rows a second", "peak memory more, MB"):
        table.add_column(column, justify="right" if column else "left")
    with console.status("importing, about half a minute ..."):
        for figure in importing.measure():
            cells = (
                f"{figure.rows:,}",
                f"{figure.seconds:.1f}",
                f"{figure.per_second:,.0f}",
                f"{figure.memory / 1e6:.0f}",
            )
            table.add_row(figure.way, *cells)
    console.print(table)
    console.print("import: read, checked, kept aside, looked up and written. executemany reads and checks nothing.")


def print_composing() -> None:
    """How many messages are composed."""
    table = Table(title="Composing reminders of five items each, on one core")
    for column in ("", "messages", "messages a second"):
        table.add_column(column, justify="right" if column else "left")
    with console.status("composing, about ten seconds ..."):
        for figure in composing.measure():
            table.add_row(figure.channel, f"{figure.count:,}", f"{figure.per_second:,.0f}")
    console.print(table)


def print_notices() -> None:
    """What a run of notices costs before anything is sent."""
    table = Table(title="Due warnings of 100,000 loans among a million, in SQLite, found and composed on one core")
    for column in ("", "loans", "seconds", "loans a second", "peak memory more, MB"):
        table.add_column(column, justify="right" if column else "left")
    with console.status("making a million loans and looking for those that are due, some minutes ..."):
        figures = list(notices.measure())
    for figure in figures:
        cells = (f"{figure.loans:,}", f"{figure.seconds:.1f}", f"{figure.per_second:,.0f}")
        table.add_row(figure.way, *cells, f"{figure.memory / 1e6:.1f}")
    console.print(table)
    console.print(
        "seconds: of the processor. SQL alone: one statement by the driver that reads the same loans. A run does "
        f"{notices.of_the_limit(figures):.2f} of what can be done by reading and composing and nothing else."
    )


def print_sending() -> None:
    """How fast a run sends."""
    table = Table(title="Mails handed over a second by one connection, to a mail server that puts each on the disk")
    for column in ("", "mails", "mails a second", "run: ratio", "aim"):
        table.add_column(column, justify="right" if column else "left")
    with console.status("sending mails, about a minute ..."):
        figure = sending.measure()
    table.add_row("a run of notices", f"{figure.mails:,}", f"{figure.mails / figure.run:,.0f}", "", "")
    limit = f"{figure.ratio_limit:.2f}"
    table.add_row("a loop, one row first", f"{figure.mails:,}", f"{figure.mails / figure.limit:,.0f}", limit, "")
    aim = f"{sending.LEAST}: {'kept' if figure.ratio >= sending.LEAST else 'not kept'}"
    table.add_row("a loop", f"{figure.mails:,}", f"{figure.mails / figure.loop:,.0f}", f"{figure.ratio:.2f}", aim)
    console.print(table)
    console.print(
        "The loops send what the run has composed, and do nothing else. one row first: on the disk before each mail, "
        "without which nobody can say afterwards what may have left. All in turn, by round."
    )


def print_screen() -> None:
    """What the screen costs."""
    table = Table(title="The screen, drawn in memory by the processor, beside a bare Kivy window of the same run")
    for column, side in (("", "left"), ("machine", "right"), ("bare", "right"), ("at most", "right"), ("", "left")):
        table.add_column(column, justify=side)  # type: ignore[arg-type]  # a literal
    with console.status("measuring two windows, about two minutes ..."):
        for cost in screen.measure():
            bare = "" if cost.bare is None else f"{cost.bare:.1f}"
            ratio = "" if not cost.bare else f"{cost.machine / cost.bare:.2f} times"
            table.add_row(f"{cost.name}, {cost.unit}", f"{cost.machine:.1f}", bare, cost.limit, ratio)
    console.print(table)


def print_stacks() -> None:
    """How long a stack takes."""
    table = Table(title="Borrowing a stack: seconds from the pad to the last green row")
    for column in ("items", "total", "air", "line", "own", "limit (air + line)", "total / limit", "per item"):
        table.add_column(column, justify="right")
    with console.status("borrowing stacks through the real programs ..."):
        for figure in stacks.measure():
            cells = (figure.total, figure.air, figure.line, figure.own, figure.bound.total, figure.ratio)
            each = figure.total / figure.items
            table.add_row(str(figure.items), *(f"{cell:.2f}" for cell in cells), f"{each:.2f}")
    console.print(table)
    console.print(
        "limit: no machine on this air interface and a line of 38400 8E1 could see, read, disarm and read back the "
        "same tags faster (benchmarks/bound.py). air and line are what the simulated reader spent; own is the rest."
    )


if __name__ == "__main__":
    main()
