"""Decisions on plain records: checkout, return, renewal, reservation, charges. No database, no HTTP, no clock."""

# Kinds of notices: rules of these kinds are kept, checked and published; nothing asks for them until notices are sent.
WAITING_KINDS = frozenset(
    {
        "circulation.enable_due_warning",
        "circulation.enable_overdue_reminder",
        "circulation.enable_payment_reminder",
        "circulation.enable_reservation_notice",
        "counts.payment_reminder_minimum",
        "fees.due_warning",
        "fees.overdue_reminder",
        "fees.payment_reminder",
        "periods.due_warning",
        "periods.overdue_reminder",
        "periods.payment_reminder",
    }
)
