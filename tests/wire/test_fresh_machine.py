"""Scenario S1: from an empty folder to a machine that can lend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.stage import StageError
from tests.wire.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.scenario("S1")]


def second_machine(site: Site, folder: Path) -> Path:
    """The configuration of another machine of the same library, not enrolled yet."""
    own_state = f'state = "{site.stage.folder / "kiosk"}"'
    text = site.stage.config.read_text("utf-8")
    assert own_state in text
    config = folder / "second.toml"
    config.write_text(text.replace(own_state, f'state = "{folder / "second"}"'), "utf-8")
    return config


def test_a_fresh_machine_can_lend_and_a_code_enrols_one_machine_only(site: Site, tmp_path: Path) -> None:
    assert site.see("Start", lambda screen: screen["can_borrow"])
    url = re.search(r'url = "(\S+)"', site.stage.config.read_text("utf-8"))
    assert url
    config = str(second_machine(site, tmp_path))
    with pytest.raises(StageError, match="this code is wrong"):
        site.stage.run("kiosk", "enrol", url[1], "WRONGCODE", "--config", config)
    printed = site.stage.run("circulation", "machine", "enrol", "N1")
    code = printed.split()[-1]
    assert "enrolled as" in site.stage.run("kiosk", "enrol", url[1], code, "--config", config)
    with pytest.raises(StageError, match="was used"):
        site.stage.run("kiosk", "enrol", url[1], code, "--config", config)
