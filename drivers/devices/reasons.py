"""From an error to the one word staff and programs get for it."""

from __future__ import annotations

from drivers.api import DeviceRefused, LinkBusy, LinkLost, LinkTimeout, ProtocolError
from drivers.links.failures import LinkAbsent, LinkForbidden, ServiceAbsent

FAULT = "fault"
"""An error in our own program."""

_REASONS: tuple[tuple[type[Exception], str], ...] = (  # finer classes first
    (LinkAbsent, "absent"),
    (ServiceAbsent, "no_service"),
    (LinkForbidden, "no_permission"),
    (LinkBusy, "busy"),
    (LinkTimeout, "silent"),
    (LinkLost, "lost"),
    (ProtocolError, "protocol"),
    (DeviceRefused, "protocol"),
)


def reason_of(error: Exception) -> str:
    """The word; "fault" for what is no device's error."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return FAULT
