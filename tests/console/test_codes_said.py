"""Every code that tells staff why has words in both languages: why a notice stands as it does, what is wrong in a form.

The codes are read from the modules that produce them, so that a new one without words is found here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import wording
from circulation.domain import noticing
from circulation.notices import sending
from circulation.staff.words import LANGUAGES, Words

NOTICES = Path("circulation/notices")
CODE = re.compile("[a-z][a-z_]*")
# Constants that are no reason: who acts, and what no page tells of. The points of sending are none either.
SYSTEM, ON_SHELF_NO_LONGER = "system", "gone"


def constants(file: Path) -> set[str]:
    """Codes that a module names as constants of its own."""
    found: set[str] = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Assign):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            found |= {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {one for one in found if CODE.fullmatch(one)}


def mistakes(file: Path) -> Iterator[str]:
    """Codes of the mistakes a module finds in what somebody entered."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = node.args[1] if name in ("Mistake", "_wrong") and len(node.args) > 1 else None
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            yield given.value


def unsaid(codes: set[str], *prefixes: str) -> list[str]:
    """Codes with none of these sentences, in some language."""
    known = [Words(language) for language in LANGUAGES]
    return sorted(one for one in codes for words in known if not any(words.knows(f"{p}.{one}") for p in prefixes))


@pytest.mark.requirement("R74")
def test_every_reason_of_a_notice_has_words() -> None:
    codes = {noticing.OFF, noticing.NOT_REMINDED}
    for module in ("lines", "rechecking", "ending", "sending", "settling"):
        codes |= constants(NOTICES / f"{module}.py")
    assert {"cut_off", "no_address", "too_old"} < codes
    assert unsaid(codes - {SYSTEM, *sending.POINTS}, "notices.reason") == []


@pytest.mark.requirement("R66")
def test_every_answer_to_why_there_is_no_notice_has_words() -> None:
    codes = constants(Path("circulation/domain/noticing.py")) | constants(NOTICES / "asking.py") | {"no_address"}
    assert {"filtered", "paused", "too_early"} < codes
    assert unsaid(codes - {noticing.INVOICE, ON_SHELF_NO_LONGER}, "notices.why") == []


FORMS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "tasks": (
        ("jobs/options.py", "jobs/schedule.py", "jobs/tasks.py", "jobs/types.py", "notices/task_types.py"),
        "task.wrong",
    ),
    "mail": (tuple(f"notices/{name}.py" for name in ("accounts", "checks", "gateways", "letterhead")), "mail.wrong"),
    "settings": (("domain/policy.py",), "policy.wrong"),
    "texts": (("notices/language.py",), "template.wrong"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_mistake_in_a_form_has_words(form: str) -> None:
    files, prefix = FORMS[form]
    codes = {code for file in files for code in mistakes(Path("circulation") / file)}
    assert codes
    assert unsaid(codes, prefix) == []


def test_no_other_module_finds_mistakes_unseen() -> None:
    seen = {Path("circulation") / file for files, _ in FORMS.values() for file in files}
    elsewhere = {file for file in Path("circulation").rglob("*.py") if file not in seen and set(mistakes(file))}
    assert elsewhere == set()


@pytest.mark.parametrize("code", ["not_iban", "not_bic", "no_subject", "subject_missing", "too_long", "one_line"])
def test_mistakes_whose_codes_are_put_together_have_words(code: str) -> None:
    prefix = "mail.wrong" if code in ("not_iban", "not_bic") else "template.wrong"
    for language in wording.languages():
        assert wording.say_staff(f"{prefix}.{code}", {"most": 1}, language)
