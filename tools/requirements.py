"""Print one line for each requirement R1..R89: ``R21 passed 12 tests``.

States: passed, partly (its tests pass, docs/requirements.toml says that a later step completes it), failed, missing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
HIGHEST = 89


def state_of(counts: Mapping[str, int], partly: bool) -> str:
    """The state of a requirement from the results of its tests."""
    if counts.get("failed"):
        return "failed"
    if not counts.get("passed"):
        return "missing"
    return "partly" if partly else "passed"


def lines(results: Mapping[str, Mapping[str, int]], partly: frozenset[str]) -> list[str]:
    """One line for each requirement, in their order."""
    found = []
    for number in range(1, HIGHEST + 1):
        name = f"R{number}"
        counts = results.get(name, {})
        tests = sum(counts.values())
        found.append(f"{name} {state_of(counts, name in partly)} {tests} test{'' if tests == 1 else 's'}")
    return found


def main() -> int:
    """Run the tests and print the lines."""
    declared = tomllib.loads((ROOT / "docs" / "requirements.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "results.json"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "not soak", f"--requirements-file={target}"]
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not target.exists():
            print("the tests did not run; see: make test", file=sys.stderr)
            return 1
        results = json.loads(target.read_text("utf-8"))
    print("\n".join(lines(results, frozenset(declared["partly"]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
