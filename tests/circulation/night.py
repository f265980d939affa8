"""What the service's own tasks do when they run, all of them at once."""

from __future__ import annotations

from circulation import people, reserving, tidying
from circulation.service import Service


def tidy(service: Service) -> None:
    """Forget what has had its time, and end reservations whose last day is over."""
    tidying.forget(service)
    people.forget(service)
    reserving.expire(service)
