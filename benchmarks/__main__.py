"""``python -m benchmarks``: every figure beside its limit, in one run."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks import stacks

console = Console()


def main() -> None:
    """Measure and print."""
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
