"""What the documents promise exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import refusals

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "benchmarks|circulation|docs|drivers|kiosk|rules|sim|tests|tools|ui|wording"
NAMED_PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_a_document_names_exists(document: Path) -> None:
    named = NAMED_PATH.findall(document.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_a_document_names_exists(document: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", document.read_text("utf-8"), re.MULTILINE)) <= set(targets)


def test_the_page_of_refusal_codes_is_the_table_of_the_code() -> None:
    assert refusals.FILE.read_text("utf-8") == refusals.table(), "run python -m tools.refusals"


def test_every_scenario_is_played_by_a_test() -> None:
    told = re.findall(r"^\*\*(S\d+) ", (ROOT / "docs" / "scenarios.md").read_text("utf-8"), re.MULTILINE)
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    cited = {
        number for marks in re.findall(r"mark\.scenario\(([^)]*)\)", tests) for number in re.findall(r"S\d+", marks)
    }
    assert [number for number in told if number not in cited] == []


def test_decisions_are_numbered_without_a_gap_and_have_their_three_parts() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").iterdir())
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text("utf-8")
        assert re.match(
            r"# .+\n\n\*\*Context\.\*\* .+\n\n\*\*Decision\.\*\* .+\n\n\*\*Consequence\.\*\* .+\n$", text
        ), path.name
