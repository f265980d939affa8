"""Decisions on plain records: checkout, return, renewal, sign-in. No database, no HTTP, no clock."""

# Kinds that decisions here ask for; rules of any other kind are kept and published, and change nothing yet.
APPLIED_KINDS = frozenset(
    {
        "self_service.checkout",
        "self_service.return",
        "self_service.renewal",
        "circulation.checkout",
        "circulation.renewal",
        "counts.max_loans",
        "patron.debt_block",
        "periods.loan",
        "periods.renewal",
    }
)
