"""Finer link errors, for the staff member who has to do something about them."""

from __future__ import annotations

from drivers.api import LinkError, LinkLost


class LinkAbsent(LinkLost):
    """There is no such port or reader."""


class ServiceAbsent(LinkLost):
    """The card service (pcscd) does not run."""


class LinkForbidden(LinkError):
    """The program's user may not open the port."""
