"""How many examples a generated test tries where the usual hundred are too many or too few."""

from __future__ import annotations

from hypothesis import settings

USUAL, CAMPAIGN = 100, 2000  # of a test that does not say how many, in "make test" and in "make soak"


def examples(usual: int) -> int:
    """So many in "make test", and more in a campaign, in proportion."""
    return max(1, usual * settings.get_profile(settings.get_current_profile_name()).max_examples // USUAL)
