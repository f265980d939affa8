"""The test run's own rules, each seen to bite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.requirements import completed_later, digest, last_result, lines


def run(pytester: pytest.Pytester, plugin: str, source: str, *arguments: str) -> pytest.RunResult:
    """Run a file of tests under one of our plugins."""
    pytester.makepyfile(test_it=source)
    return pytester.runpytest("-p", f"tests.plugins.{plugin}", "-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize(
    "source",
    [
        "import pytest\n@pytest.mark.skip(reason='no reader here')\ndef test_it(): ...",
        "import pytest\ndef test_it(): pytest.skip('no reader here')",
        "import pytest\n@pytest.fixture\ndef reader(): pytest.skip('no reader here')\ndef test_it(reader): ...",
        "import pytest\n@pytest.mark.xfail(reason='no reader here')\ndef test_it(): assert False",
        "import pytest\npytest.skip('no reader here', allow_module_level=True)",
    ],
    ids=["marked", "in the test", "in a fixture", "expected to fail", "a whole module"],
)
def test_a_skipped_test_fails_and_says_why(pytester: pytest.Pytester, source: str) -> None:
    result = run(pytester, "no_skips", source)
    assert result.ret != pytest.ExitCode.OK
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"failed", "error", "errors"}
    result.stdout.fnmatch_lines(["*nothing may be*no reader here*"])


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("threading.Thread(target=released.wait, name='reader-7', daemon=True).start()", "*threads*reader-7*"),
        ("kept.append(open(__file__))", "*files*test_it.py*"),
        ("kept.append(os.openpty())", "*files*ptmx*"),
        ("kept.append(subprocess.Popen(['sleep', '60']))", "*child processes*sleep*"),
    ],
    ids=["a thread", "a file", "a pseudo-terminal", "a program"],
)
def test_what_a_test_leaves_behind_fails_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, statement: str, named: str
) -> None:
    monkeypatch.setattr("tests.plugins.leaks.PATIENCE", 0.05)
    source = f"""
        import os, subprocess, threading
        kept, released = [], threading.Event()
        def test_it():
            {statement}
        def pytest_sessionfinish():
            released.set()
    """
    clean_up = """
        import os, subprocess, sys
        def pytest_unconfigure():
            left = sys.modules["test_it"]
            left.released.set()
            for thing in left.kept:
                if isinstance(thing, subprocess.Popen):
                    thing.kill()
                    thing.wait()
                elif isinstance(thing, tuple):
                    [os.close(end) for end in thing]
                else:
                    thing.close()
    """
    pytester.makeconftest(clean_up)
    result = run(pytester, "leaks", source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*left behind: {named}"])


CARRIERS = """
    import pytest
    @pytest.mark.requirement("R21")
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_three(number): assert number < 3
    @pytest.mark.requirement("R21", "R4")
    def test_two_requirements(): ...
    @pytest.fixture
    def broken():
        yield
        raise OSError
    @pytest.mark.requirement("R5")
    def test_fails_afterwards(broken): ...
"""


def test_tests_are_counted_once_by_requirement_however_they_fail(pytester: pytest.Pytester) -> None:
    run(pytester, "requirements", CARRIERS, "--requirements-file=found.json", "-m", "not soak")
    found = json.loads((pytester.path / "found.json").read_text("utf-8"))
    assert found["tests"] == {
        "R21": {"passed": 3, "failed": 1},
        "R4": {"passed": 1, "failed": 0},
        "R5": {"passed": 0, "failed": 1},
    }
    assert found["whole"]


@pytest.mark.parametrize("arguments", [["-k", "two"], ["test_it.py"], ["-m", "not slow"], ["-x"]])
def test_a_run_of_a_part_says_so(pytester: pytest.Pytester, arguments: list[str]) -> None:
    run(pytester, "requirements", CARRIERS, "--requirements-file=found.json", "-m", "not soak", *arguments)
    assert not json.loads((pytester.path / "found.json").read_text("utf-8"))["whole"]


@pytest.mark.parametrize("marks", [['xdist_group("one")'], ["slow"], ['xdist_group("one")', "slow"]], ids=str)
def test_tests_of_a_group_keep_to_one_process(pytester: pytest.Pytester, marks: list[str]) -> None:
    source = f"""
        import os, pathlib, pytest
        pytestmark = [{", ".join(f"pytest.mark.{mark}" for mark in marks)}]
        @pytest.mark.parametrize("number", range(8))
        def test_it(number):
            (pathlib.Path({str(pytester.path)!r}) / f"ran.{{os.environ['PYTEST_XDIST_WORKER']}}.{{number}}").touch()
    """
    pytester.makeini("[pytest]\nmarkers = slow")
    run(pytester, "sharing", source, "-n", "2", "--dist", "loadgroup").assert_outcomes(passed=8)
    workers = [name.name.split(".")[1] for name in pytester.path.glob("ran.*")]
    assert (len(workers), len(set(workers))) == (8, 1)


@pytest.mark.parametrize("mark", ['requirement("R90")', 'scenario("S99")'])
def test_a_number_that_does_not_exist_stops_the_run(pytester: pytest.Pytester, mark: str) -> None:
    result = run(pytester, "requirements", f"import pytest\n@pytest.mark.{mark}\ndef test_it(): ...")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_it.py::test_it: there is no*"])


def test_each_requirement_has_one_line_with_its_state() -> None:
    tests = {
        "R1": {"passed": 1, "failed": 0},
        "R2": {"passed": 12, "failed": 0},
        "R3": {"passed": 12, "failed": 1},
    }
    printed = lines(tests, {"R2", "R3", "R4"})
    assert printed[:4] == ["R1 passed 1 test", "R2 partly 12 tests", "R3 failed 13 tests", "R4 missing 0 tests"]
    assert [line.split()[0] for line in printed] == [f"R{number}" for number in range(1, 90)]


def test_a_result_holds_until_a_file_changes(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    source, prose, result = tmp_path / "rules" / "rule.py", tmp_path / "README.md", tmp_path / ".result.json"
    source.write_text("one", "utf-8")
    whole = {"whole": True, "state": digest(tmp_path), "tests": {}}
    result.write_text(json.dumps(whole), "utf-8")
    prose.write_text("words", "utf-8")
    assert last_result(result, tmp_path) == whole
    source.write_text("two", "utf-8")
    assert last_result(result, tmp_path) is None


def test_a_result_of_a_part_or_none_at_all_is_not_used(tmp_path: Path) -> None:
    result = tmp_path / ".result.json"
    assert last_result(result, tmp_path) is None
    result.write_text("{", "utf-8")
    assert last_result(result, tmp_path) is None
    result.write_text(json.dumps({"whole": False, "state": digest(tmp_path), "tests": {}}), "utf-8")
    assert last_result(result, tmp_path) is None


def test_a_requirement_that_does_not_exist_cannot_be_completed_later(tmp_path: Path) -> None:
    table = tmp_path / "requirements.toml"
    table.write_text("[completed_by_step]\nR1 = 3\nR90 = 4\n", "utf-8")
    with pytest.raises(ValueError, match=r"requirements\.toml: there is no requirement R90"):
        completed_later(table)
