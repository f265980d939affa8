"""From a driver's name in the configuration to a device.

Responsible for the table of drivers and for checking their options. Not responsible for threads (worker). To add a
driver: write its module and one line here, and its ``drivers/quality/<name>.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from drivers.devices.escpos_printer import EscposPrinter, PrinterOptions
from drivers.devices.feig_iso_host import FeigIsoHost, FeigOptions
from drivers.devices.options import OptionsError, read_options
from drivers.devices.pcsc_card import PcscCard, PcscOptions
from drivers.devices.serial_scanner import ScannerOptions, SerialScanner
from drivers.devices.wedge import KeyboardWedge, WedgeOptions

Device = FeigIsoHost | PcscCard | SerialScanner | EscposPrinter


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver. Calling it with checked or unchecked options and the device's name makes the device.

    Attributes:
        name: as in the configuration.
        section: the kind of device: "pad", "card", "scanner" or "printer".
        options: dataclass of its options.
        make: builds the device from the device's name and its options; opens nothing.
    """

    name: str
    section: str
    options: type[Any]
    make: Callable[[str, Any], Device]

    def __call__(self, options: Mapping[str, object], device: str) -> Device:
        """Make the device; raises OptionsError."""
        return self.make(device, read_options(self.options, options))


_ALL = (
    Driver("feig_iso_host", "pad", FeigOptions, lambda _, options: FeigIsoHost(options)),
    Driver("pcsc", "card", PcscOptions, PcscCard),
    Driver("serial_scanner", "scanner", ScannerOptions, lambda _, options: SerialScanner(options)),
    Driver("escpos_serial", "printer", PrinterOptions, lambda _, options: EscposPrinter(options)),
)

DRIVERS: Mapping[str, Driver] = MappingProxyType({driver.name: driver for driver in _ALL})
"""Every driver by its name."""


def check_options(driver: str, options: Mapping[str, object]) -> list[tuple[str, str]]:
    """Every mistake in a device's section (without the key ``driver``), as (key, what to write instead)."""
    known = DRIVERS.get(driver)
    if known is None:
        return [("driver", f"must be one of {', '.join(sorted(DRIVERS))}")]
    return _problems(known.options, options)


def check_keyboard(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """Every mistake in the options of a scanner that types, as (key, what to write instead)."""
    return _problems(WedgeOptions, options)


def make_keyboard(options: Mapping[str, object]) -> KeyboardWedge:
    """Make the scanner that types; it has no port of its own, so it is no ``Driver``. Raises OptionsError."""
    return KeyboardWedge(read_options(WedgeOptions, options))


def _problems(kind: type[Any], options: Mapping[str, object]) -> list[tuple[str, str]]:
    try:
        read_options(kind, options)
    except OptionsError as error:
        return error.problems
    return []
