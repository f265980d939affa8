"""A configuration file: every mistake at once, with line and key."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.config import ConfigError, load
from tests.generated import examples

GOOD = """\
[machine]
name = "Entrance"
state = "/var/lib/kiosk"

[central]
url = "http://127.0.0.1:8080"

[pad]
driver = "feig_iso_host"
port = "/dev/serial/by-id/pad"

[card]
driver = "pcsc"
reader = "ACR"

[session]
idle_seconds = 60.0
languages = ["de", "en"]
"""


def _mistakes(folder: Path, text: str) -> list[tuple[int | None, str]]:
    file = folder / "kiosk.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [(mistake.line, mistake.key) for mistake in caught.value.mistakes]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(GOOD, "utf-8")
    config = load(file)
    assert config.machine.name == "Entrance"
    assert config.session.languages == ["de", "en"]
    assert config.devices["pad"] == ("feig_iso_host", {"port": "/dev/serial/by-id/pad"})
    assert set(config.devices) == {"pad", "card"}


@pytest.mark.scenario("S7")
def test_three_mistakes_are_reported_all_three_with_line_and_key(tmp_path: Path) -> None:
    text = GOOD.replace("http://127", "http://library.example").replace('driver = "pcsc"', 'driver = "magic"')
    text = text.replace("idle_seconds = 60.0", "idel_seconds = 60.0")
    assert _mistakes(tmp_path, text) == [(6, "central.url"), (13, "card.driver"), (17, "session.idel_seconds")]


def test_a_misspelt_key_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(GOOD.replace("idle_seconds", "idel_seconds"), "utf-8")
    with pytest.raises(ConfigError, match="did you mean idle_seconds"):
        load(file)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "Entrance"\n', "", "machine.name"),
        ('state = "/var/lib/kiosk"', "state = 5", "machine.state"),
        ("[central]", "[centre]", "central"),
        ("http://127.0.0.1:8080", "ftp://127.0.0.1", "central.url"),
        ("idle_seconds = 60.0", "warn_seconds = 19.0", "session.warn_seconds"),
        ('["de", "en"]', '["de", "xx"]', "session.languages"),
        ('["de", "en"]', "[]", "session.languages"),
        ('driver = "feig_iso_host"', 'driver = "pcsc"', "pad.driver"),
        ('port = "/dev/serial/by-id/pad"', 'port = "/dev/serial/by-id/pad"\nbaud = "fast"', "pad.baud"),
        ('port = "/dev/serial/by-id/pad"', 'port = "/dev/serial/by-id/pad"\nfrmaes = "standard"', "pad.frmaes"),
        ('port = "/dev/serial/by-id/pad"\n', "", "pad.port"),
        ("[session]", "[keyboard]\ngap_seconds = 9.0\n[session]", "keyboard.gap_seconds"),
        ("[session]", "[keyboard]\nmin_lenght = 4\n[session]", "keyboard.min_lenght"),
        ("[session]", "keyboard = 5\n[session]", "card.keyboard"),
        ("[session]", "[screen]\nwidth = 10\n[session]", "screen.width"),
        ("[session]", "[screen]\nfulscreen = true\n[session]", "screen.fulscreen"),
    ],
)
def test_each_mistake_names_its_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert key in [found for _, found in _mistakes(tmp_path, GOOD.replace(old, new))]


def test_what_is_no_toml_is_named_by_its_line(tmp_path: Path) -> None:
    assert _mistakes(tmp_path, "[machine]\nname = \n") == [(2, "")]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00"])
def test_what_is_no_text_is_an_error_of_ours(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        load(file)


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nowhere.toml")


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.lists(st.sampled_from(GOOD.splitlines()), max_size=15).map("\n".join))
def test_any_text_is_a_configuration_or_an_error_of_ours(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(text, "utf-8")
    with suppress(ConfigError):
        load(file)


@pytest.mark.parametrize(
    ("section", "columns"),
    [
        ("", 42),
        ('[printer]\ndriver = "escpos_serial"\nport = "x"', 42),
        ('[printer]\ndriver = "escpos_serial"\nport = "x"\ncolumns = 32', 32),
    ],
)
def test_a_receipt_is_as_wide_as_the_printer_writes(tmp_path: Path, section: str, columns: int) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(GOOD + section, "utf-8")
    assert load(file).columns == columns


def test_what_is_missing_is_named_with_what_to_write(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text("[machine]\n[session]\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    told = {mistake.key: mistake.text for mistake in caught.value.mistakes}
    assert set(told) == {"machine.name", "machine.state", "central", "pad"}
    assert all("write " in text for text in told.values())


def test_brackets_without_end_are_an_error_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text("a = " + "[" * 5000, "utf-8")
    with pytest.raises(ConfigError, match="brackets"):
        load(file)


def test_a_dotted_key_has_its_line_too(tmp_path: Path) -> None:
    text = GOOD.replace("[session]\nidle_seconds = 60.0\n", "").replace('languages = ["de", "en"]\n', "")
    assert _mistakes(tmp_path, "session.warn_seconds = 1.0\n" + text) == [(1, "session.warn_seconds")]
