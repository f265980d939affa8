"""``python -m benchmarks``: every figure beside its limit, in one run."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks import screen, stacks

console = Console()


def main() -> None:
    """Measure and print."""
    print_stacks()
    print_screen()


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
