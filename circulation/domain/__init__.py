"""Decisions on plain records: checkout, return, renewal, sign-in. No database, no HTTP, no clock."""
