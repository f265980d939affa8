"""The central circulation service: API, patrons, items, loans, rules. Uses rules and wording only."""
