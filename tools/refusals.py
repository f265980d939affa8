"""Write docs/refusals.md from the table of refusal codes; ``python -m tools.refusals``."""

from __future__ import annotations

from pathlib import Path

from rules.refusals import REFUSALS, Refusal
from wording.catalogue import PATRON, catalogue

FILE = Path(__file__).parent.parent / "docs" / "refusals.md"
SOLVED = {
    "patron_here": "the patron, here and now",
    "desk": "the desk",
    "staff": "staff, with the item",
    "later": "time",
}
HEAD = """# Refusal codes

A refusal names a code with its parameters, never words: `wording/` makes the sentence where it is shown. Codes are
stable; a machine that meets a newer one says "please ask at the desk". Where there are several reasons, staff see all
of them and the patron the first of this table. Money is whole minor units beside its currency, dates are ISO texts.

| code | parameters | solved by | staff may override | the patron reads |
|---|---|---|---|---|
"""


def table() -> str:
    """The whole page."""
    return HEAD + "".join(_line(refusal) for refusal in sorted(REFUSALS.values(), key=lambda one: one.order))


def _line(refusal: Refusal) -> str:
    params = ", ".join(f"{name} ({kind.value})" for name, kind in refusal.params.items()) or "none"
    told = catalogue(PATRON, "en").entry(refusal.sentences[0].wording).forms[-1]
    override = "yes" if refusal.overridable else "no"
    return f"| `{refusal.code}` | {params} | {SOLVED[refusal.solved_by.value]} | {override} | {told} |\n"


if __name__ == "__main__":
    FILE.write_text(table(), "utf-8")
