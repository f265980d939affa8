"""The tables. Instants are UTC, due dates are dates, money is minor units of the installation's one currency."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

from circulation.store.folding import sought

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)


class Instant(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id(length: int = 64) -> Column[Any]:
    return Column("id", String(length), primary_key=True)


def _own_id(context: Any) -> str:
    """Of an item of which nobody said what it is a copy of: the only one of its title."""
    own: str = context.get_current_parameters()["id"]
    return own


# What is searched of a row is made of these. Who updates one of them renews "sought" with it (people.change).
NAMED = ("last_name", "first_name")
TITLED = ("title", "author")


def _sought(columns: tuple[str, ...]) -> Column[Any]:
    def made(context: Any) -> str:
        values = context.get_current_parameters()
        return sought(*(values[column] for column in columns))

    return Column("sought", Text, nullable=False, server_default="", default=made)


installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("generation", String(36), nullable=False),
    Column("library", Text, nullable=False),
    Column("isils", JSON, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("live_rules", Integer, nullable=True),
    Column("house_version", Integer, nullable=False, server_default="1"),
    CheckConstraint("id = 1", name="one_row"),
)
organisation = Table(
    "organisation",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("parent", String(64), ForeignKey("organisation.id"), nullable=True),
    Column("kind", String(32), nullable=False),
    Column("settings", JSON, nullable=True),
    Column("weekly_closed", JSON, nullable=True),
    Column("holidays", String(16), nullable=True),
    Column("tours", JSON, nullable=True),
    Column("policy", JSON, nullable=True),
)
closing = Table(
    "closing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organisation", String(64), ForeignKey("organisation.id"), nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    CheckConstraint("first <= last", name="order"),
)
media_type = Table(
    "media_type", metadata, Column("code", String(64), primary_key=True), Column("names", JSON, nullable=False)
)
patron_category = Table("patron_category", metadata, Column("code", String(64), primary_key=True))
age_group = Table(
    "age_group",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("least", Integer, nullable=False),
    Column("most", Integer, nullable=False),
)
patron = Table(
    "patron",
    metadata,
    _id(36),
    Column("category", String(64), ForeignKey("patron_category.code"), nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("born", Date, nullable=True),
    Column("valid_from", Date, nullable=True),
    Column("valid_until", Date, nullable=True),
    Column("blocked", Boolean, nullable=False),
    Column("card_lost", Boolean, nullable=False),
    Column("language", String(16), nullable=True),
    Column("pin_hash", Text, nullable=False),
    Column("home", String(64), ForeignKey("organisation.id"), nullable=True),
    Column("email", Text, nullable=True),
    Column("phone", Text, nullable=True),
    Column("postal", Text, nullable=True),
    Column("prefers", String(8), nullable=True),
    _sought(NAMED),
)
Index("ix_patron_sought", patron.c.sought, patron.c.id)
card = Table(
    "card",
    metadata,
    Column("kind", String(16), nullable=False),
    Column("value", String(64), nullable=False),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=False, index=True),
    PrimaryKeyConstraint("kind", "value"),
)
item = Table(
    "item",
    metadata,
    _id(),
    Column("title", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("media_type", String(64), ForeignKey("media_type.code"), nullable=False),
    Column("material_type", String(64), nullable=True),
    Column("department", String(64), nullable=True),
    Column("audience", String(64), nullable=True),
    Column("fiction", Boolean, nullable=True),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("parts", Integer, nullable=False),
    Column("state", String(32), nullable=False),
    Column("set_aside_for", String(36), ForeignKey("patron.id"), nullable=True, index=True),
    Column("collect_by", Date, nullable=True),
    Column("shelf", String(64), nullable=True),
    Column("title_id", String(64), nullable=False, index=True, default=_own_id),
    Column("at", String(64), ForeignKey("organisation.id"), nullable=True),
    Column("price", Integer, nullable=True),
    _sought(TITLED),
    CheckConstraint("parts >= 1", name="parts"),
)
Index("ix_item_sought", item.c.sought, item.c.id)
Index("ix_item_branch", item.c.branch, item.c.sought, item.c.id)
loan = Table(
    "loan",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", String(64), ForeignKey("item.id"), nullable=False),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=True),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("out_at", Instant, nullable=False),
    Column("due", Date, nullable=False),
    Column("returned_at", Instant, nullable=True),
    Column("renewals", Integer, nullable=False),
    Column("rule_set", Integer, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("channel", String(8), nullable=False, server_default="kiosk"),
    Column("period", Integer, nullable=True),
    Column("first_period", Integer, nullable=True),  # days given at checkout, where a renewal has given others (R64)
    Column("unadjusted", Date, nullable=True),
    Column("renewed_at", Instant, nullable=True),
    Column("reminded", Integer, nullable=False, server_default="0"),
    Column("override", JSON, nullable=True),
    Column("moved", JSON(none_as_null=True), nullable=True),
)
OPEN_LOAN = text("returned_at IS NULL")
Index("uq_loan_open_item", loan.c.item_id, unique=True, sqlite_where=OPEN_LOAN, postgresql_where=OPEN_LOAN)
Index("ix_loan_open_patron", loan.c.patron_id, loan.c.due, sqlite_where=OPEN_LOAN, postgresql_where=OPEN_LOAN)
Index("ix_loan_open_due", loan.c.due, loan.c.id, sqlite_where=OPEN_LOAN, postgresql_where=OPEN_LOAN)
fee = Table(
    "fee",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=True, index=True),
    Column("reason", String(64), nullable=False),
    Column("title", Text, nullable=True),
    Column("amount", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("paid", Integer, nullable=False, server_default="0"),
    Column("invoice", Boolean, nullable=False, server_default=false()),
    Column("late_fee", Integer, nullable=False, server_default="0"),  # of an invoice: the overdue fee in it
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=True),
    Column("loan_id", Integer, ForeignKey("loan.id"), nullable=True, index=True),
    Column("item_id", String(64), nullable=True),
    Column("rule_set", Integer, nullable=True),
    Column("rules", JSON, nullable=True),
    Column("settled_at", Instant, nullable=True),
    Column("settled_by", String(64), nullable=True),
    Column("waived_for", Text, nullable=True),
)
Index("ix_fee_at", fee.c.at, fee.c.id)
# Of open fees only, and not by being open: SQLite would take it for the fees of one patron.
Index("ix_fee_open", fee.c.at, fee.c.id, sqlite_where=text("open = 1"), postgresql_where=text("open"))
payment = Table(
    "payment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=True, index=True),
    Column("amount", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("parts", JSON, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
)
debt_series = Table(
    "debt_series",
    metadata,
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=False),
    Column("organisation", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("reached_on", Date, nullable=False),
    Column("level", Integer, nullable=False),
    PrimaryKeyConstraint("patron_id", "organisation"),
)
reservation = Table(
    "reservation",
    metadata,
    _id(36),
    Column("title_id", String(64), nullable=False),
    Column("item_id", String(64), ForeignKey("item.id"), nullable=True),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=True, index=True),
    Column("pickup", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("channel", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("expires", Date, nullable=True),
    Column("copy_id", String(64), ForeignKey("item.id"), nullable=True),
    Column("shelved_on", Date, nullable=True),
    Column("collect_by", Date, nullable=True),
    Column("ended_at", Instant, nullable=True),
    Column("ended_by", String(64), nullable=True),
    Column("rule_set", Integer, nullable=False),
    Column("rules", JSON, nullable=False),
)
Index("ix_reservation_made_at", reservation.c.made_at, reservation.c.id)
OPEN_RESERVATION = text("ended_at IS NULL")
Index(
    "ix_reservation_open_title",
    reservation.c.title_id,
    sqlite_where=OPEN_RESERVATION,
    postgresql_where=OPEN_RESERVATION,
)
Index(
    "uq_reservation_open_copy",
    reservation.c.copy_id,
    unique=True,
    sqlite_where=OPEN_RESERVATION,
    postgresql_where=OPEN_RESERVATION,
)
rule_set = Table(
    "rule_set",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rules", JSON, nullable=False),
    Column("checksum", String(64), nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("published_by", String(64), nullable=True),
    Column("note", Text, nullable=True),
)
draft = Table(
    "draft",
    metadata,
    _id(36),
    Column("name", Text, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("based_on", Integer, nullable=True),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", Instant, nullable=False),
)
machine = Table(
    "machine",
    metadata,
    _id(36),
    Column("name", Text, nullable=False),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("enrolled_at", Instant, nullable=False),
    Column("version", String(32), nullable=True),
    Column("seen_at", Instant, nullable=True),
    Column("devices", JSON, nullable=True),
    Column("rules", Integer, nullable=True),
    Column("clock_trusted", Boolean, nullable=True),
    Column("alarm_at", Instant, nullable=True),
    Column("channel", String(8), nullable=False, server_default="kiosk"),
    Column("policy", JSON, nullable=True),
    Column("withdrawn_at", Instant, nullable=True),
)
enrolment = Table(
    "enrolment",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("expires", Instant, nullable=False),
    Column("used_at", Instant, nullable=True),
    Column("channel", String(8), nullable=False, server_default="kiosk"),
)
doubt = Table(
    "doubt",
    metadata,
    Column("machine_id", String(36), ForeignKey("machine.id"), nullable=False),
    Column("item", String(64), nullable=False),
    Column("wanted", String(16), nullable=False),
    Column("last", String(16), nullable=True),
    Column("since", Instant, nullable=False),
    Column("cleared", Boolean, nullable=False),
    PrimaryKeyConstraint("machine_id", "item"),
)
operation = Table(
    "operation",
    metadata,
    Column("machine_id", String(36), ForeignKey("machine.id"), nullable=False),
    Column("id", String(36), nullable=False),
    Column("content", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("outcome", JSON, nullable=True),
    Column("trace", JSON, nullable=True),
    Column("staff", String(64), nullable=True),
    PrimaryKeyConstraint("machine_id", "id"),
)
# Operations of each day, counted before they are forgotten. ``reason``: "" = done; ``media_type``: "" = unknown item.
usage = Table(
    "usage",
    metadata,
    Column("day", Date, nullable=False),
    Column("branch", String(64), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("action", String(16), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("day", "branch", "channel", "action", "media_type", "reason"),
)
breach = Table(
    "breach",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("machine_id", String(36), ForeignKey("machine.id"), nullable=False),
    Column("operation", String(36), nullable=False),
    Column("action", String(16), nullable=False),
    Column("item_id", String(64), nullable=False),
    Column("loan_id", Integer, ForeignKey("loan.id"), nullable=True),
    Column("at", Instant, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("rule_set", Integer, nullable=True),
    Column("machine_rules", Integer, nullable=True),
    Column("cleared_at", Instant, nullable=True),
    Column("cleared_by", String(64), nullable=True),
)
patron_session = Table(
    "patron_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("machine_id", String(36), ForeignKey("machine.id"), nullable=False),
    Column("patron_id", String(36), ForeignKey("patron.id"), nullable=False),
    Column("used_at", Instant, nullable=False),
)
lock_out = Table(
    "lock_out",
    metadata,
    Column("subject", String(80), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("until", Instant, nullable=True),
    Column("last_at", Instant, nullable=False),
)
staff = Table(
    "staff",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("may_override", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)
staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff", String(64), ForeignKey("staff.name"), nullable=False, index=True),
    Column("branch", String(64), ForeignKey("organisation.id"), nullable=False),
    Column("label", Text, nullable=True),
    Column("used_at", Instant, nullable=False),
    Column("expires", Instant, nullable=True),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("who", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", JSON, nullable=False),
    Column("reason", Text, nullable=True),
)
