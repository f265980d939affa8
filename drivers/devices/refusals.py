"""Finer refusals of a device, for the worker to tell apart."""

from __future__ import annotations

from drivers.api import DeviceRefused


class NotReadable(DeviceRefused):
    """The tag answers but will not say its security bit: whatever was written is in doubt."""
