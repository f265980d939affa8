"""Readers, scanners and the printer's line. Knows bytes and tags; knows nothing of loans, patrons or screens."""
