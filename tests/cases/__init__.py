"""Acceptance cases: dated steps in a world of their own, played over the API, compared with expected facts."""
