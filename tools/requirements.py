"""Print one line for each requirement, R1 to R89: ``R21 passed 12 tests``.

Responsible for the states and for knowing whether the last result of the tests still holds; it does not write that
result, ``tests/plugins/requirements.py`` does. States: passed, partly (its tests pass, but ``docs/requirements.toml``
names a later step that completes it), failed, missing (no test carries it).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAMES = tuple(f"R{number}" for number in range(1, 90))
WHOLE_RUN = "not soak"
# Prose changes no result.
PROSE = (".md",)
MADE = ("build", "demo-out", "mutants", "__pycache__")


def files(root: Path) -> Iterator[Path]:
    """Every file of the project that a test may depend on; hidden folders and what programs have made are none."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in MADE or path.suffix == ".egg-info":
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix not in PROSE:
            yield path


def digest(root: Path) -> str:
    """A number that changes with any file of the project."""
    found = hashlib.sha256()
    for path in files(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(root)} {content}\n".encode())
    return found.hexdigest()


def state_of(counts: Mapping[str, int], *, later: bool) -> str:
    """The state of one requirement.

    Args:
        counts: how many of its tests ``passed`` and ``failed``.
        later: whether a later step completes it.
    """
    if counts.get("failed"):
        return "failed"
    if not counts.get("passed"):
        return "missing"
    return "partly" if later else "passed"


def lines(tests: Mapping[str, Mapping[str, int]], later: Collection[str]) -> list[str]:
    """One line for each requirement, in their order."""
    found = []
    for name in NAMES:
        counts = tests.get(name, {})
        total = sum(counts.values())
        found.append(f"{name} {state_of(counts, later=name in later)} {total} test{'' if total == 1 else 's'}")
    return found


def last_result(file: Path, root: Path) -> Mapping[str, Any] | None:
    """The last result of the tests, or None if it was of a part of them or of other files."""
    try:
        result: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return result if result.get("whole") and result.get("state") == digest(root) else None


def completed_later(file: Path) -> dict[str, int]:
    """The step that completes each requirement which none has completed yet.

    Raises:
        ValueError: the file names a requirement that does not exist.
    """
    table: dict[str, int] = tomllib.loads(file.read_text("utf-8"))["completed_by_step"]
    unknown = sorted(set(table) - set(NAMES))
    if unknown:
        raise ValueError(f"{file.name}: there is no requirement {', '.join(unknown)}")
    return table


def main(file: Path) -> int:
    """Print the lines; run the tests first if their last result does not hold.

    Args:
        file: where ``make test`` leaves its result.

    Returns:
        0, or 1 if the tests could not be run to their end.
    """
    result = last_result(file, ROOT)
    if result is None:
        print("no result of these files yet: running the tests", file=sys.stderr)
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadgroup", "-m", WHOLE_RUN]
        subprocess.run([*command, f"--requirements-file={file}"], cwd=ROOT, check=False, stdout=sys.stderr)
        result = last_result(file, ROOT)
    if result is None:
        print("the tests did not run to their end, or a file was changed meanwhile; see: make test", file=sys.stderr)
        return 1
    print("\n".join(lines(result["tests"], completed_later(ROOT / "docs" / "requirements.toml"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
