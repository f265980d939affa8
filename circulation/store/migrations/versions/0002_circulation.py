"""Reservations, payments, calendars, drafts, staff sessions, audit: what the whole rule system needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns to what is there, then make the new tables."""
    _house()
    _circulating()
    _reservations()
    _debts()
    _rules()
    _staff()


def _house() -> None:
    with op.batch_alter_table("installation") as table:
        table.add_column(sa.Column("house_version", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("organisation") as table:
        table.add_column(sa.Column("settings", sa.JSON(), nullable=True))
        table.add_column(sa.Column("weekly_closed", sa.JSON(), nullable=True))
        table.add_column(sa.Column("holidays", sa.String(16), nullable=True))
        table.add_column(sa.Column("tours", sa.JSON(), nullable=True))
    op.create_table(
        "closing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("first <= last", name=op.f("ck_closing_order")),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name=op.f("fk_closing_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
    )
    op.create_index(op.f("ix_closing_organisation"), "closing", ["organisation"])


def _circulating() -> None:
    with op.batch_alter_table("patron") as table:
        table.add_column(sa.Column("home", sa.String(64), nullable=True))
        table.add_column(sa.Column("email", sa.Text(), nullable=True))
        table.add_column(sa.Column("phone", sa.Text(), nullable=True))
        table.create_foreign_key(op.f("fk_patron_home"), "organisation", ["home"], ["id"])
    with op.batch_alter_table("item") as table:
        table.add_column(sa.Column("title_id", sa.String(64), nullable=True))
        table.add_column(sa.Column("at", sa.String(64), nullable=True))
        table.create_foreign_key(op.f("fk_item_at"), "organisation", ["at"], ["id"])
    op.execute("UPDATE item SET title_id = id")  # until told otherwise, each item is the only copy of its title
    with op.batch_alter_table("item") as table:
        table.alter_column("title_id", existing_type=sa.String(64), nullable=False)
    op.create_index(op.f("ix_item_title_id"), "item", ["title_id"])
    with op.batch_alter_table("loan") as table:
        table.add_column(sa.Column("channel", sa.String(8), nullable=False, server_default="kiosk"))
        table.add_column(sa.Column("period", sa.Integer(), nullable=True))
        table.add_column(sa.Column("unadjusted", sa.Date(), nullable=True))
        table.add_column(sa.Column("renewed_at", INSTANT, nullable=True))
        table.add_column(sa.Column("reminded", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("override", sa.JSON(), nullable=True))
    with op.batch_alter_table("machine") as table:
        table.add_column(sa.Column("channel", sa.String(8), nullable=False, server_default="kiosk"))
    with op.batch_alter_table("enrolment") as table:
        table.add_column(sa.Column("channel", sa.String(8), nullable=False, server_default="kiosk"))
    with op.batch_alter_table("operation") as table:
        table.add_column(sa.Column("staff", sa.String(64), nullable=True))
    op.create_table(
        "breach",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("machine_id", sa.String(36), nullable=False),
        sa.Column("operation", sa.String(36), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("item_id", sa.String(64), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("rule_set", sa.Integer(), nullable=True),
        sa.Column("machine_rules", sa.Integer(), nullable=True),
        sa.Column("cleared_at", INSTANT, nullable=True),
        sa.Column("cleared_by", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_breach_loan_id")),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name=op.f("fk_breach_machine_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breach")),
    )


def _reservations() -> None:
    op.create_table(
        "reservation",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("title_id", sa.String(64), nullable=False),
        sa.Column("item_id", sa.String(64), nullable=True),
        sa.Column("patron_id", sa.String(36), nullable=True),
        sa.Column("pickup", sa.String(64), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("copy_id", sa.String(64), nullable=True),
        sa.Column("shelved_on", sa.Date(), nullable=True),
        sa.Column("collect_by", sa.Date(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(64), nullable=True),
        sa.Column("rule_set", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["copy_id"], ["item.id"], name=op.f("fk_reservation_copy_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_reservation_item_id")),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_reservation_patron_id")),
        sa.ForeignKeyConstraint(["pickup"], ["organisation.id"], name=op.f("fk_reservation_pickup")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
    )
    op.create_index(op.f("ix_reservation_patron_id"), "reservation", ["patron_id"])
    still = sa.text("ended_at IS NULL")
    for name, column, unique in (
        ("ix_reservation_open_title", "title_id", False),
        ("uq_reservation_open_copy", "copy_id", True),
    ):
        op.create_index(name, "reservation", [column], unique=unique, sqlite_where=still, postgresql_where=still)


def _debts() -> None:
    with op.batch_alter_table("fee") as table:
        table.alter_column("patron_id", existing_type=sa.String(36), nullable=True)
        table.add_column(sa.Column("paid", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("invoice", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("branch", sa.String(64), nullable=True))
        table.add_column(sa.Column("loan_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("item_id", sa.String(64), nullable=True))
        table.add_column(sa.Column("rule_set", sa.Integer(), nullable=True))
        table.add_column(sa.Column("rules", sa.JSON(), nullable=True))
        table.add_column(sa.Column("settled_at", INSTANT, nullable=True))
        table.add_column(sa.Column("settled_by", sa.String(64), nullable=True))
        table.add_column(sa.Column("waived_for", sa.Text(), nullable=True))
        table.create_foreign_key(op.f("fk_fee_branch"), "organisation", ["branch"], ["id"])
        table.create_foreign_key(op.f("fk_fee_loan_id"), "loan", ["loan_id"], ["id"])
    op.create_index(op.f("ix_fee_loan_id"), "fee", ["loan_id"])
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patron_id", sa.String(36), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("branch", sa.String(64), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount")),
        sa.ForeignKeyConstraint(["branch"], ["organisation.id"], name=op.f("fk_payment_branch")),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_payment_patron_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    op.create_index(op.f("ix_payment_patron_id"), "payment", ["patron_id"])
    op.create_table(
        "debt_series",
        sa.Column("patron_id", sa.String(36), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name=op.f("fk_debt_series_organisation")),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_debt_series_patron_id")),
        sa.PrimaryKeyConstraint("patron_id", "organisation", name=op.f("pk_debt_series")),
    )


def _rules() -> None:
    with op.batch_alter_table("rule_set") as table:
        table.add_column(sa.Column("published_by", sa.String(64), nullable=True))
        table.add_column(sa.Column("note", sa.Text(), nullable=True))
    op.create_table(
        "draft",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("may_override", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_staff")),
    )
    op.execute(
        "INSERT INTO staff (name, password_hash, roles, may_override, active, created_at)"
        " SELECT name, password_hash, roles, true, true, created_at FROM admin"
    )
    op.drop_table("admin")
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("staff", sa.String(64), nullable=False),
        sa.Column("branch", sa.String(64), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("expires", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["branch"], ["organisation.id"], name=op.f("fk_staff_session_branch")),
        sa.ForeignKeyConstraint(["staff"], ["staff.name"], name=op.f("fk_staff_session_staff")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_staff"), "staff_session", ["staff"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
