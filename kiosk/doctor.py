"""Looks at everything a machine needs and says, for each thing that is wrong, what cures it.

Responsible for plain words. Not responsible for repairing anything: it makes nothing that the machine would find.
"""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drivers.devices.probe import probe
from kiosk import VERSION, enrolment
from kiosk.central import api
from kiosk.central.cache import Cache
from kiosk.central.rest import RestApi
from kiosk.clock import MOST_OFF
from kiosk.compose import JOURNAL
from kiosk.config import Config, ConfigError, load
from kiosk.journal import Journal, JournalError
from rules.problems import RulesError
from rules.published import read as read_rules

LEAST_FREE = 50_000_000  # bytes for the journal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``cure`` is empty where it is well."""

    name: str
    ok: bool
    text: str
    cure: str = ""


def examine(file: Path) -> Iterator[Finding]:
    """Look at everything; each finding as soon as it is known."""
    try:
        config = load(file)
    except ConfigError as error:
        for mistake in error.mistakes:
            yield Finding(
                "configuration", False, f"{file}: {mistake}", "correct this line, then run kiosk doctor again"
            )
        return
    yield Finding("configuration", True, f"{file} has no mistakes")
    folder = _state_folder(config.state)
    yield folder
    known, enrolled = _enrolment(config)
    yield enrolled
    if folder.ok:
        yield _journal(config, known)
        yield _disk(config.state)
    if known is not None:
        yield from _central(config, known)
    yield from _devices(config)


def _state_folder(folder: Path) -> Finding:
    cure = f"make it and give it to the machine's user: mkdir -p {folder}; chown kiosk {folder}; chmod 700 {folder}"
    if not folder.is_dir():
        return Finding("state folder", False, f"{folder} is not there", cure)
    probe_file = folder / ".doctor"
    try:
        probe_file.write_bytes(b"")
        probe_file.unlink()
    except OSError as error:
        return Finding("state folder", False, f"{folder} cannot be written ({error.strerror})", cure)
    return Finding("state folder", True, str(folder))


def _enrolment(config: Config) -> tuple[enrolment.Enrolment | None, Finding]:
    try:
        known = enrolment.load(config.state)
    except enrolment.EnrolmentError as error:
        cure = "get a code with 'circulation machine enrol BRANCH', then: kiosk enrol URL CODE --config FILE"
        return None, Finding("enrolment", False, str(error), cure)
    return known, Finding("enrolment", True, f"branch {known.branch}, {known.branch_name}")


def _journal(config: Config, known: enrolment.Enrolment | None) -> Finding:
    path = config.state / JOURNAL
    if not path.exists():  # made here it would belong to whoever runs the doctor
        return Finding("journal", True, "not there yet; the machine makes it when it starts for the first time")
    seal: Callable[[bytes], bytes] = known.seal if known is not None else bytes
    try:
        journal = Journal(path, seal)
    except JournalError as error:
        cure = f"stop the machine, keep a copy of {path} for your supplier, then restore it or start with an empty one"
        return Finding("journal", False, str(error), cure)
    try:
        if not journal.works():
            return Finding(
                "journal", False, f"{path} cannot be written", "free disk space, then run kiosk doctor again"
            )
        doubts = len(journal.staff_list())
        return Finding("journal", True, f"durable; {doubts} items in doubt, {journal.healed()} bits healed so far")
    finally:
        journal.close()


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        text = f"only {free // 1_000_000} MB are free on the disk of {folder}"
        return Finding("disk", False, text, "free some space: without it nothing can be lent")
    return Finding("disk", True, f"{free // 1_000_000} MB free")


# --- the central service ----------------------------------------------------------------------------------------------

REJECTED = {
    "machine_unknown": "this machine's key is not accepted: enrol it again with a new code",
    "version_unsupported": "machine and central service are more than one version apart: update the older one",
}


def _central(config: Config, known: enrolment.Enrolment) -> Iterator[Finding]:
    heard: list[tuple[api.CentralClock, int | None]] = []
    client = RestApi(config.central.url, known.key, config.ca, lambda *told: heard.append(told))
    try:
        yield _reach(client, config)
        if heard:
            yield _clock(heard[-1][0])
            yield _key(client)
    finally:
        client.close()
    yield _rules(config, heard[-1][1] if heard else None)


def _authority_problem(file: Path) -> str | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        return f"{file} holds no certificate"
    except OSError as error:
        return f"{file} cannot be read ({error.strerror})"
    return None


def _reach(client: RestApi, config: Config) -> Finding:
    wrong = _authority_problem(config.ca) if config.ca is not None else None
    if wrong is not None:
        cure = "put the authority's certificate there, readable by the machine's user, or correct [central] ca"
        return Finding("central service", False, wrong, cure)
    try:
        version = client.health()
    except api.CentralUnreachable as error:
        cure = "check network and address ([central] url), and that the service runs"
        if "SSL" in str(error):
            cure = (
                "the service's certificate is not trusted: give its authority in [central] ca, or renew the certificate"
            )
        return Finding("central service", False, f"{config.central.url} does not answer ({error})", cure)
    except api.CentralRejected as error:
        return Finding("central service", False, str(error), REJECTED.get(error.code, "look into the service's log"))
    return Finding("central service", True, f"{config.central.url}, version {version}")


def _clock(heard: api.CentralClock) -> Finding:
    off = datetime.now(UTC) - heard.time
    if abs(off) > MOST_OFF:
        text = f"this machine's clock is {abs(off).total_seconds() / 60:.0f} minutes off the central service's"
        return Finding("clock", False, text, "set the clock, and let a time service keep it: timedatectl set-ntp true")
    return Finding("clock", True, "agrees with the central service's")


def _key(client: RestApi) -> Finding:
    try:
        client.rules(None)
    except api.CentralRejected as error:
        if error.code == "not_found":
            return Finding("machine key", False, str(error), "publish rules first: circulation rules publish FILE")
        return Finding("machine key", False, str(error), REJECTED.get(error.code, "look into the service's log"))
    except api.CentralUnreachable as error:
        return Finding("machine key", False, str(error), "look into the service's log")
    return Finding("machine key", True, f"accepted; this is version {VERSION}")


def _rules(config: Config, live: int | None) -> Finding:
    held = Cache(config.state).rules()
    if held is None:
        cure = "start the machine once while the central service can be reached"
        return Finding("rule set", False, "this machine holds no rule set yet", cure)
    try:
        published = read_rules(held.document)
    except RulesError as error:
        return Finding("rule set", False, str(error), "update this machine, or publish the rules again")
    if live is not None and live != published.number:
        text = f"this machine holds number {published.number}, the central service has number {live}"
        cure = "start the machine; running, it fetches the new one by itself within a few minutes"
        return Finding("rule set", False, text, cure)
    return Finding("rule set", True, f"number {published.number} for branch {published.branch}")


# --- devices ----------------------------------------------------------------------------------------------------------

CURES = {
    "absent": "plug it in, or correct the port or reader name; 'kiosk devices' lists what there is",
    "busy": "another program holds the port: stop it (a second kiosk, a modem manager?)",
    "no_permission": "let the machine's user use the port: usermod -a -G dialout USER, then sign in again",
    "lost": "it went away while it was asked: check its cable and plug, then run kiosk doctor again",
    "fault": "an error of this program, not of the device: send what 'kiosk doctor --json' says to your supplier",
    "silent": "check its power and cable, and baud rate and frame type in the configuration",
    "protocol": "this is not the device the configuration names: check the driver",
    "no_service": "the card service does not run: systemctl enable --now pcscd",
    "paper_out": "put in a new roll of paper",
    "paper_low": "have a new roll of paper ready",
    "cover_open": "close the printer's cover",
}


def _devices(config: Config) -> Iterator[Finding]:
    for name, (driver, options) in config.devices.items():
        problem, text = probe(name, driver, options, time.monotonic() + 5)
        if problem is None:
            yield Finding(name, True, text)
        else:
            yield Finding(name, False, text, CURES.get(problem, f"the device says: {text}"))
