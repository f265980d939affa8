"""A short look at a device for staff: who it is, what is wrong, what lies on the pad. Not used while serving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drivers.api import DeviceError, ItemTag, Paper, RfidReader
from drivers.devices.escpos_printer import EscposPrinter
from drivers.devices.options import OptionsError
from drivers.devices.reasons import reason_of
from drivers.devices.registry import DRIVERS
from drivers.links.pcsc_link import list_readers
from drivers.links.serial_link import list_ports

NO_PAPER, OPEN = "paper_out", "cover_open"


def probe(name: str, driver: str, options: Mapping[str, object], deadline: float) -> tuple[str | None, str]:
    """Open a device, ask who it is, close it.

    Returns:
        The problem's word (``reasons``, "paper_out", "cover_open") or None, and what to say.
    """
    try:
        device = DRIVERS[driver](options, name)
        info = device.open()
    except (DeviceError, OptionsError) as error:
        return reason_of(error), str(error)
    try:
        if isinstance(device, EscposPrinter):
            status = device.status(deadline)
            if status.paper is Paper.OUT:
                return NO_PAPER, "the printer has no paper"
            if status.cover_open:
                return OPEN, "the printer's cover is open"
    except DeviceError as error:
        return reason_of(error), str(error)
    finally:
        device.close()
    return None, " ".join(part for part in (info.model, info.firmware) if part)


def list_devices() -> list[tuple[str, str, str]]:
    """Serial ports and card readers of this computer: kind, name, what it says of itself."""
    found = [("serial", name, text) for name, text in list_ports()]
    try:
        found += [("card reader", name, "") for name in list_readers()]
    except DeviceError as error:
        found.append(("card reader", "none", str(error)))
    return found


def read_tags(
    driver: str, options: Mapping[str, object], deadline: float
) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """One look at the pad: UID and (item, part, owner, security, model); (None, (problem,)) where it cannot be used."""
    try:
        reader = DRIVERS[driver](options, "pad")
        reader.open()
    except (DeviceError, OptionsError) as error:
        yield None, (str(error),)
        return
    try:
        if not isinstance(reader, RfidReader):
            yield None, (f"{driver} is no pad reader",)
            return
        for uid in sorted(reader.inventory(deadline).uids):
            found = reader.read_item(uid, deadline)
            security = found.security.value if found.security else "?"
            if isinstance(found, ItemTag):
                part = f"{found.part} of {found.parts}"
                yield str(uid), (found.item_id, part, found.owner or "", security, found.model)
            else:
                yield str(uid), ("", "", "", security, f"{found.reason.value}: {found.detail}")
    except DeviceError as error:
        yield None, (str(error),)
    finally:
        reader.close()
