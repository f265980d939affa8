"""Whatever goes wrong is said in the reader's language: every error of ours that a page can meet has a sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import wording

CIRCULATION = Path("circulation")
# Raised where no page of the console leads: by the command line, at start, or to machines and programs only.
ELSEWHERE = {
    *("address", "backup", "database", "doubts", "not_empty", "plain_http", "ready_file", "rules", "second_server"),
    *("code_unknown", "content_type", "kind_unknown", "language", "machine_unknown", "sealed_unreadable", "secrets"),
    *("mail_test", "run", "session_ended", "staff_unknown", "tls", "too_many", "version_unsupported"),
}


def codes() -> Iterator[tuple[str, str]]:
    """Codes of errors with the file that raises them."""
    for file in sorted(CIRCULATION.rglob("*.py")):
        if "importing" in file.parts:  # a command; its report has words of its own
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CirculationError" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value), file.name


def test_every_error_a_page_can_meet_has_a_sentence() -> None:
    said = wording.codes(wording.STAFF)
    missing = {code: file for code, file in codes() if code not in ELSEWHERE and f"problem.{code}" not in said}
    assert missing == {}


def test_what_is_excepted_is_there_and_has_no_sentence() -> None:
    raised = {code for code, _ in codes()}
    assert {code for code in ELSEWHERE if code not in raised} == set()
