"""What holds for every test: nothing is left behind, nothing is skipped, requirements are counted."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

from tests.generated import CAMPAIGN, USUAL

pytest_plugins = [
    "pytester",
    "tests.plugins.leaks",
    "tests.plugins.no_skips",
    "tests.plugins.postgres",
    "tests.plugins.requirements",
    "tests.plugins.sharing",
]

# A busy machine is no failure of the code under test; what must be fast is measured by the benchmarks. The examples are
# the same in every run: whether a change may land is no matter of luck. The campaign looks for new ones.
settings.register_profile(
    "house",
    max_examples=USUAL,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=True,
    database=None,
)
settings.register_profile("campaign", settings.get_profile("house"), max_examples=CAMPAIGN, derandomize=False)
# A mutant is only to be noticed: looking for the smallest example that shows it takes longer than it may.
settings.register_profile("mutants", settings.get_profile("house"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("house")
