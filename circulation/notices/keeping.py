"""Entering and changing mail accounts and gateways, whichever of the two (R49, R60, R61).

Responsible for that a secret is never stored or shown in the clear and never goes to another server or under another
name than it was entered for. Not responsible for what an account or gateway is (accounts, gateways) or for its
tests (kept).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Table

from circulation.domain.policy import Mistake
from circulation.notices import checks, kept
from circulation.notices.kept import State, Tested, UsedBy
from circulation.service import Service
from circulation.store import mail as store


@dataclass(frozen=True, slots=True)
class Said:
    """What staff say of an account or gateway, but for its secret. ``name``: as staff see it."""

    name: str


S = TypeVar("S", bound=Said)


@dataclass(frozen=True, slots=True)
class Shown(Generic[S]):
    """An account or gateway as staff see it: never its secret. ``usable``: it may be chosen for a task (R61)."""

    code: str
    said: S
    has_secret: bool
    usable: bool
    state: State


@dataclass(frozen=True, slots=True)
class Keeping(Generic[S]):
    """Mail accounts, or gateways.

    Attributes:
        table: where they are; what staff say is in columns of the same names.
        said: what staff say of one.
        secret: what the secret is called; ``again``: it has to be given again.
        under: the field it is given under: where that says nothing, there is no secret.
        bound_to: the secret holds for what these fields say and for nothing else.
        may_be_empty: fields that say nothing when they are empty.
        voids: fields; when one changes, the test has to be made again.
        mistakes: of what staff say, the secret that was entered, and whether there is one.
        used_by: the tasks that use one.
    """

    table: Table
    said: type[S]
    secret: str
    again: Mistake
    under: str
    bound_to: tuple[str, ...]
    may_be_empty: tuple[str, ...]
    voids: frozenset[str]
    mistakes: Callable[[S, str | None, bool], Iterator[Mistake]]
    used_by: UsedBy

    def listed(self, service: Service) -> list[Shown[S]]:
        """Every one, by code."""
        with service.database.reading() as db:
            return [self._shown(row) for row in store.rows(db, self.table)]

    def one(self, service: Service, code: str) -> Shown[S]:
        """One.

        Raises:
            CirculationError: there is none of this code.
        """
        with service.database.reading() as db:
            return self._shown(kept.present(db, self.table, code))

    def create(self, service: Service, by: str, code: str, said: S, secret: str | None = None) -> Shown[S]:
        """A new one; it may be chosen once a test has succeeded.

        Raises:
            MailWrongError: with every mistake.
            CirculationError: the code is taken.
        """
        said, secret = self._tidy(said), secret or None
        checks.must_be_right((*checks.code(code), *self.mistakes(said, secret, secret is not None)))
        plain = asdict(said)
        values = {**plain, "password": self._sealed(service, code, said, secret)}
        kept.add(service, by, self.table, code, values, {**plain, self.secret: secret is not None})
        return self.one(service, code)

    def change(
        self, service: Service, by: str, code: str, changes: Mapping[str, Any], secret: str | None = None
    ) -> Shown[S]:
        """Change fields of one; where they are among ``voids``, it has to be tested again.

        Tasks that failed while it was not in use run again once it is.

        Args:
            service: the service.
            by: who of the staff.
            code: of the account or gateway.
            changes: fields of ``said``.
            secret: the new one, nothing = as it was. It must be given again when what it is bound to changes.

        Raises:
            MailWrongError: with every mistake.
            CirculationError: there is none of this code.
        """
        secret = secret or None
        with service.database.writing() as db:
            row = kept.present(db, self.table, code, locked=True)
            before = self.of(row)
            after = self._tidy(replace(before, **changes))
            stays = row.password is not None and getattr(after, self.under) is not None
            bound = all(getattr(before, name) == getattr(after, name) for name in self.bound_to)
            again = (self.again,) if stays and secret is None and not bound else ()
            checks.must_be_right((*again, *self.mistakes(after, secret, stays or secret is not None)))
            changed = {name: value for name, value in asdict(after).items() if value != getattr(before, name)}
            values = {**changed, **self._secret_changed(service, row, after, secret)}
            told = {**changed, **({self.secret: True} if secret is not None else {})}
            void = bool(values.keys() & {*self.voids, "password"})
            kept.change(service, db, by, self.table, row, values, told, void=void)
            if values.get("active") and row.tested_ok and not void:
                kept.ask_failed(db, self.used_by(db, code), service.clock())
        return self.one(service, code)

    def delete(self, service: Service, by: str, code: str) -> None:
        """Take one out that no task uses.

        Raises:
            CirculationError: there is none of this code, or a task uses it.
        """
        kept.delete(service, by, self.table, code, self.used_by)

    def record_test(self, service: Service, by: str, row: Row[Any], found: Tested) -> None:
        """Keep how a test of one went (kept.record_test)."""
        kept.record_test(service, by, self.table, row, found, self.used_by)

    def of(self, row: Row[Any]) -> S:
        """What staff say of one that is kept."""
        return self.said(**{one.name: _value(getattr(row, one.name)) for one in fields(self.said)})

    def secret_of(self, service: Service, row: Row[Any]) -> str | None:
        """The secret of one, None = it has none.

        Raises:
            CirculationError: it cannot be read.
        """
        return kept.secret(service, self.table, row, self._purpose(row.code, self.of(row)))

    def _shown(self, row: Row[Any]) -> Shown[S]:
        return Shown(row.code, self.of(row), row.password is not None, kept.usable(row), kept.state(row))

    def _tidy(self, said: S) -> S:
        """Empty fields of a form say nothing."""
        said_nothing: dict[str, Any] = {name: None for name in self.may_be_empty if not getattr(said, name)}
        return replace(said, **said_nothing)

    def _secret_changed(self, service: Service, row: Row[Any], after: S, secret: str | None) -> dict[str, Any]:
        if getattr(after, self.under) is None:
            return {"password": None} if row.password is not None else {}
        return {"password": self._sealed(service, row.code, after, secret)} if secret is not None else {}

    def _sealed(self, service: Service, code: str, said: S, secret: str | None) -> str | None:
        return service.secrets.keep(self._purpose(code, said), secret) if secret is not None else None

    def _purpose(self, code: str, said: S) -> str:
        """What a secret is for: whoever changes in the database where it goes does not get it sent there."""
        return "\0".join((self.table.name, code, *(str(getattr(said, name)) for name in self.bound_to)))


def _value(kept_: Any) -> Any:
    """A column's value; JSON has no tuples."""
    return tuple(kept_) if isinstance(kept_, list) else kept_
