"""Letters as files in a folder (R74)."""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from circulation.notices.channels.letter import LetterFolder
from circulation.notices.types import LETTER, SERVER, Accepted, Message, Outcome, Refused
from tests.circulation.mailing import message

pytestmark = pytest.mark.requirement("R74")
EVENING = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)  # the 16th in Berlin


def letter(key: str = "m1", pdf: bytes | None = b"%PDF-1.7 one") -> Message:
    return message(key, "Mira Vogel\nWeg 1", channel=LETTER, pdf=pdf)


def written(folder: Path, *letters: Message, time_zone: str | None = None) -> list[Outcome]:
    with LetterFolder(folder, lambda: EVENING, time_zone).opened() as line:
        return [line.hand_over(one) for one in letters]


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


def test_each_letter_is_a_file_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "letters"
    outcomes = written(folder, letter("run.m1@example.com"), letter("m2", b"%PDF-1.7 two"))
    assert outcomes == [Accepted("run.m1@example.com.pdf"), Accepted("m2.pdf")]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "run.m1@example.com.pdf": b"%PDF-1.7 one",
        "m2.pdf": b"%PDF-1.7 two",
    }
    assert (modes(folder), stat.S_IMODE(folder.stat().st_mode)) == ({0o600}, 0o700)


def test_letters_of_a_day_lie_together_by_the_library_s_calendar(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    assert written(folder, letter(), time_zone="Europe/Berlin") == [Accepted("2026-06-16/m1.pdf")]
    day = folder / "2026-06-16"
    assert ([path.name for path in day.iterdir()], stat.S_IMODE(day.stat().st_mode)) == (["m1.pdf"], 0o700)


def test_the_same_letter_twice_is_one_file(tmp_path: Path) -> None:
    written(tmp_path / "letters", letter(), letter(pdf=b"%PDF-1.7 again"))
    (file,) = (tmp_path / "letters").iterdir()
    assert file.read_bytes() == b"%PDF-1.7 again"


def test_what_a_killed_server_left_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir(mode=0o700)
    (folder / ".m1.pdf.part").write_bytes(b"%PDF ha")
    assert written(folder, letter()) == [Accepted("m1.pdf")]
    assert [path.name for path in folder.iterdir()] == ["m1.pdf"]


def test_a_folder_others_can_read_is_not_written_into(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    folder.chmod(0o750)
    assert written(folder, letter()) == [Refused("notice.reply.folder_rights: chmod 700", False, SERVER)]
    assert list(folder.iterdir()) == []


def test_a_file_where_the_folder_should_be_refuses_for_now(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("a file")
    assert written(tmp_path / "letters", letter()) == [Refused("notice.reply.folder: File exists", False, SERVER)]


def test_a_full_disk_leaves_no_half_letter_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, synced = iter((True, False)), os.fsync

    def fsync(handle: Any) -> None:
        if next(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    outcomes = written(tmp_path / "letters", letter("m1"), letter("m2"))
    refused = Refused("notice.reply.folder: No space left on device", False, SERVER)
    assert outcomes == [refused, Accepted("m2.pdf")]
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["m2.pdf"]


def test_a_letter_without_pages_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without pages"):
        written(tmp_path, letter(pdf=None))


@pytest.mark.parametrize("key", ["../m1", "a/b", ".m1", ""])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="a key has"):
        written(tmp_path / "letters", letter(key))
    assert not (tmp_path / "letters").exists()
