"""What one running service holds: database, secrets, clock and the compiled live rules. Passed in, never global."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from circulation.clock import Clock, local_day
from circulation.domain.records import Override, Place
from circulation.secrets import Secrets
from circulation.store import house
from circulation.store.engine import Database

VERSION = "0.1.0"
API_VERSION = 1


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a request comes from, by its key: a machine, a desk or a portal. Never read from a request's body.

    Attributes:
        id: row of the table of machines; operation ids belong to it.
        channel: "kiosk", "desk" or "web".
        staff: who is signed in at a desk.
    """

    id: str
    branch: str
    channel: str = "kiosk"
    staff: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One running service."""

    database: Database
    secrets: Secrets
    clock: Clock
    live: house.LiveHouse = field(default_factory=house.LiveHouse)

    def place(self, db: Connection, workplace: Workplace, override: Override | None = None) -> Place:
        """Where and when a transaction happens, with the rule set that is live in this transaction.

        Raises:
            CirculationError: no rule set was published yet.
        """
        return self.place_in(db, house.installation(db), workplace, override)

    def place_in(
        self, db: Connection, here: house.Installation, workplace: Workplace, override: Override | None = None
    ) -> Place:
        """The same, where the installation's row has been read in this transaction already."""
        instant = self.clock()
        _, now = self.live.of(db, here, local_day(instant, here.time_zone).year)
        today = local_day(instant, now.zone(workplace.branch))
        return Place(workplace.channel, workplace.branch, today, now, override, instant)
