"""``kiosk doctor`` on a real site: broken in ten ways and more, each named with its cure, exit code 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from sim.stage import Stage
from tests.wire.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("doctor")]


@pytest.fixture(scope="module")
def stopped_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose machine has run once and is stopped, so that its ports are free."""
    with Stage(tmp_path_factory.mktemp("doctor") / "site") as stage:
        stage.kill_kiosk(15)
        yield Site(stage)


def _doctor(site: Site, config: Path) -> tuple[int, dict[str, dict[str, object]]]:
    command = [sys.executable, "-m", "kiosk", "doctor", "--json", "--config", str(config)]
    done = subprocess.run(command, env={**os.environ, **site.stage.env()}, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, {finding["name"]: finding for finding in json.loads(done.stdout)}


def _changed(site: Site, old: str, new: str) -> Path:
    text = site.stage.config.read_text("utf-8")
    assert old in text
    changed = site.stage.folder / "changed.toml"
    changed.write_text(text.replace(old, new), "utf-8")
    return changed


def test_a_machine_that_is_well_is_called_well(stopped_site: Site) -> None:
    code, findings = _doctor(stopped_site, stopped_site.stage.config)
    assert {name: finding["text"] for name, finding in findings.items() if not finding["ok"]} == {}
    assert code == 0
    assert len(findings) >= 12


def _mistake(site: Site) -> Path:
    return _changed(site, 'driver = "pcsc"', 'driver = "psc"')


def _no_state(site: Site) -> Path:
    return _changed(site, f'{site.stage.folder}/kiosk"', f'{site.stage.folder}/nowhere"')


def _other_state(site: Site) -> tuple[Path, Path]:
    folder = site.stage.folder / "other"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    return folder, _changed(site, f'{site.stage.folder}/kiosk"', f'{folder}"')


def _not_enrolled(site: Site) -> Path:
    return _other_state(site)[1]


def _enrolled(site: Site, mode: int = 0o600, **changes: str) -> tuple[Path, Path]:
    folder, config = _other_state(site)
    known = json.loads((site.stage.folder / "kiosk" / "machine.json").read_text("utf-8"))
    (folder / "machine.json").write_text(json.dumps({**known, **changes}), "utf-8")
    (folder / "machine.json").chmod(mode)
    return folder, config


def _open_key(site: Site) -> Path:
    return _enrolled(site, 0o644)[1]


def _wrong_key(site: Site) -> Path:
    return _enrolled(site, key="nobody-has-this-key")[1]


def _damaged_journal(site: Site) -> Path:
    folder, config = _enrolled(site)
    (folder / "journal.db").write_bytes(b"this is no journal" * 300)
    return config


def _no_rules(site: Site) -> Path:
    return _enrolled(site)[1]


def _nobody_there(site: Site) -> Path:
    return _changed(
        site, json.loads((site.stage.folder / "sim" / "sim.json").read_text())["proxy"], "http://127.0.0.1:9"
    )


def _plain_http(site: Site) -> Path:
    proxy = json.loads((site.stage.folder / "sim" / "sim.json").read_text())["proxy"]
    return _changed(site, proxy, "http://library.example")


def _no_ca(site: Site) -> Path:
    return _changed(site, "[central]\n", f'[central]\nca = "{site.stage.folder}/no-such-ca.pem"\n')


def _no_pad(site: Site) -> Path:
    return _changed(site, "SIM0001-pad", "SIM0001-gone")


def _no_card_reader(site: Site) -> Path:
    return _changed(site, 'reader = "ACS', 'reader = "Nobody makes this one')


BROKEN: dict[str, tuple[Callable[[Site], Path], str, str]] = {
    "a mistake in the file": (_mistake, "configuration", "correct this line"),
    "state folder missing": (_no_state, "state folder", "mkdir"),
    "not enrolled": (_not_enrolled, "enrolment", "kiosk enrol"),
    "key file open to others": (_open_key, "enrolment", "enrol"),
    "key not accepted": (_wrong_key, "machine key", "enrol it again"),
    "journal damaged": (_damaged_journal, "journal", "copy"),
    "no rule set held": (_no_rules, "rule set", "start the machine once"),
    "central service away": (_nobody_there, "central service", "network"),
    "plain http": (_plain_http, "configuration", "correct"),
    "authority missing": (_no_ca, "central service", "authority"),
    "pad not plugged in": (_no_pad, "pad", "plug it in"),
    "card reader missing": (_no_card_reader, "card", "plug it in"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_set_up_is_named_with_its_cure(stopped_site: Site, name: str) -> None:
    break_it, finding, cure = BROKEN[name]
    code, findings = _doctor(stopped_site, break_it(stopped_site))
    assert code == 1
    assert findings[finding]["ok"] is False
    assert cure in str(findings[finding]["cure"])


FAULTS = {
    "the pad is silent": ("fault pad mute", "pad", "power and cable"),
    "no paper": ("fault printer paper_out", "printer", "roll"),
    "cover open": ("fault printer cover_open", "printer", "cover"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_device_fault_is_named_with_its_cure(stopped_site: Site, name: str) -> None:
    line, finding, cure = FAULTS[name]
    stopped_site.sim(line)
    try:
        code, findings = _doctor(stopped_site, stopped_site.stage.config)
    finally:
        stopped_site.sim("heal all")
    assert code == 1
    assert cure in str(findings[finding]["cure"])


def test_a_port_that_another_program_holds_is_named(stopped_site: Site) -> None:
    wires = json.loads((stopped_site.stage.folder / "sim" / "sim.json").read_text("utf-8"))
    with serial.Serial(wires["pad"], 38400, parity=serial.PARITY_EVEN, exclusive=True):
        code, findings = _doctor(stopped_site, stopped_site.stage.config)
    assert code == 1
    assert "another program" in str(findings["pad"]["cure"])


def test_a_clock_an_hour_off_is_named(stopped_site: Site) -> None:
    (library,) = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    env = {**os.environ, **stopped_site.stage.env(), "LD_PRELOAD": str(library), "FAKETIME": "-3600"}
    env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
    command = [sys.executable, "-m", "kiosk", "doctor", "--json", "--config", str(stopped_site.stage.config)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert "60 minutes" in findings["clock"]["text"]
