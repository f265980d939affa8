"""What one running service holds: database, secrets, clock and the compiled live rules. Passed in, never global."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from circulation.clock import Clock, local_day
from circulation.domain.records import Place
from circulation.errors import CirculationError
from circulation.secrets import Secrets
from circulation.store import house
from circulation.store.engine import Database
from rules.duedate import BranchCalendar

VERSION = "0.1.0"
API_VERSION = 1


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine a request comes from, by its key. Channel and branch are never read from a request's body."""

    id: str
    branch: str
    channel: str = "kiosk"


@dataclass(frozen=True, slots=True)
class Service:
    """One running service."""

    database: Database
    secrets: Secrets
    clock: Clock
    live: house.LiveRules = field(default_factory=house.LiveRules)

    def place(self, db: Connection, machine: Machine) -> Place:
        """Where and when a machine's transaction happens, with the rule set that is live in this transaction.

        Raises:
            CirculationError: no rule set was published yet.
        """
        here = house.installation(db)
        if here.live is None:
            raise CirculationError(
                "no_rules", "no rule set was published yet: run 'circulation rules publish FILE'", 503
            )
        _, compiled = self.live.of(db, here.live)
        return Place(
            machine.channel,
            machine.branch,
            local_day(self.clock(), here.time_zone),
            compiled,
            BranchCalendar.always_open(),
            house.age_groups(db),
            here.currency,
        )
