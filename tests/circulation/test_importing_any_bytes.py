"""Whatever a file or a mapping holds: a report, never a crash, and nothing imported that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from circulation.importing.faults import FaultError, MappingFileError
from circulation.importing.fields import KINDS
from circulation.importing.mapping import read
from circulation.importing.sources import records
from circulation.service import Service
from tests.circulation.taking import take
from tests.circulation.test_importing_marc import copy, iso, title, xml
from tests.generated import examples

EXAMPLES = examples(60)
anything = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
CSV = b'id;title;media_type;branch\n3001;"T";BOOK;N1\n3002;U;DVD;N2\n'
RECORDS = iso([*title(), ("100", "$aA"), copy(p="3001")]) + iso([*title(2), copy(p="3002"), copy(p="3003")])
XML = xml([*title(), copy(p="3001")], [*title(2), copy(p="3002")]).encode()


@st.composite
def damaged(draw: st.DrawFn, right: bytes) -> bytes:
    """A right file with some bytes of it exchanged, left out or put in."""
    content = bytearray(right)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(content)


def checked(service: Service, kind: str, file: Path, content: bytes) -> None:
    """It comes to an end, and says either what is wrong or that nothing is."""
    outcome, report = take(service, kind, file, content, dry_run=True)
    assert outcome.done is not bool(report.count)
    assert len(report.shown) == report.count


@anything
@given(content=st.binary(max_size=400), name=st.sampled_from(["x.csv", "x.mrc", "x.xml"]))
@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_give_a_report(service: Service, tmp_path: Path, kind: str, content: bytes, name: str) -> None:
    checked(service, kind, tmp_path / name, content)


@anything
@given(content=damaged(CSV))
@example(content=CSV + b"\x00")
@example(content=CSV + b'"')
@example(content=b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r"))
def test_a_damaged_csv_file_gives_a_report(service: Service, tmp_path: Path, content: bytes) -> None:
    checked(service, "items", tmp_path / "x.csv", content)


@anything
@given(content=damaged(RECORDS))
def test_a_damaged_file_of_records_gives_a_report(service: Service, tmp_path: Path, content: bytes) -> None:
    checked(service, "items", tmp_path / "x.mrc", content)


@anything
@given(content=damaged(XML))
@example(content=XML.replace(b'tag="245"', b'tag=""'))
@example(content=XML.replace(b'<subfield code="a">', b'<subfield code="">'))
@example(content=XML.replace(b"<leader>", b"<leader><leader>").replace(b"</leader>", b"</leader></leader>"))
def test_a_damaged_xml_file_gives_a_report(service: Service, tmp_path: Path, content: bytes) -> None:
    checked(service, "items", tmp_path / "x.xml", content)


@anything
@given(st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=5), st.sampled_from([*KINDS]))
def test_any_cells_give_a_report(service: Service, tmp_path: Path, cells: list[list[str]], kind: str) -> None:
    header = ";".join(KINDS[kind].by_name)
    lines = (";".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line) for line in cells)
    checked(service, kind, tmp_path / "x.csv", "\n".join((header, *lines)).encode("utf-8", "surrogatepass"))


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=60))
@pytest.mark.parametrize("decode", [records._marc8])
def test_any_bytes_are_marc8_or_are_refused(decode: Callable[[bytes], str], content: bytes) -> None:
    faults: list[str] = []
    try:
        faults.append(decode(content) and "")
    except FaultError as error:
        faults.append(error.fault.code)
    assert faults in ([""], ["not_marc8"])


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=80) | damaged(b'format = "circulation-import/1"\n[csv]\ntitle = { from = "x" }\n'))
def test_any_mapping_is_read_or_refused(content: bytes) -> None:
    problems = 0
    try:
        problems -= read(content, KINDS["items"]).written
    except MappingFileError as error:
        problems += len(error.problems)
    assert problems != 0
