"""What several of these tests share: a serial line, and one place for the card service of this process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.peer import Peer
from tests.drivers.wires import Wire


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """A serial line."""
    made = Wire(tmp_path)
    yield made
    made.unplug()


@pytest.fixture(scope="session")
def card_folder() -> Iterator[Path]:
    """A folder for the whole session: libpcsclite reads where the service listens once a process and never again."""
    folder = Path(tempfile.mkdtemp(prefix="cards-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def no_card_service(card_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the service would listen, nobody does."""
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", str(card_folder / "sim" / "pcsc" / "pcscd.comm"))


@pytest.fixture
def card_peer(card_folder: Path, no_card_service: None) -> Iterator[Peer]:
    """The simulator with its card service, listening there."""
    made = Peer(card_folder, card=True)
    assert made.wires["pcsc_socket"] == str(card_folder / "sim" / "pcsc" / "pcscd.comm")
    yield made
    made.stop()
    shutil.rmtree(card_folder / "sim")
