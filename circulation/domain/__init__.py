"""Decisions on plain records: checkout, return, renewal, reservation, charges, notices. No database, HTTP, or clock."""
