"""A machine's state folder and configuration, made without a central service."""

from __future__ import annotations

import base64
from pathlib import Path

from nacl.public import PrivateKey

from kiosk import enrolment

CONFIG = """\
[machine]
name = "Entrance"
state = "{folder}/state"

[central]
url = "{url}"
heartbeat_seconds = 0.5

[pad]
driver = "feig_iso_host"
port = "{folder}/no-pad"
"""


def made_enrolment(url: str, key: PrivateKey | None = None, **changes: str) -> enrolment.Enrolment:
    """What a central service would have given."""
    public = base64.b64encode(bytes((key or PrivateKey.generate()).public_key)).decode()
    values = {
        "url": url,
        "machine": "m-1",
        "key": "machine-key-4711",
        "branch": "N1",
        "branch_name": "Main library",
        "library": "Lindenau City Library",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "server_public_key": public,
    }
    return enrolment.Enrolment(owner=("DE-Mus1",), **{**values, **changes})


def written_config(folder: Path, url: str, more: str = "") -> Path:
    """A configuration whose pad is not there."""
    (folder / "state").mkdir(exist_ok=True)
    file = folder / "kiosk.toml"
    file.write_text(CONFIG.format(folder=folder, url=url) + more, "utf-8")
    return file


def enrolled_machine(folder: Path, url: str, more: str = "") -> Path:
    """Configuration file of a machine that is enrolled."""
    file = written_config(folder, url, more)
    enrolment.save(folder / "state", made_enrolment(url))
    return file
