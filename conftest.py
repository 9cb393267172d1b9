"""What holds for every test of this checkout."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code; benchmarks/ is where speed is measured.
# Where CI is set every run tries the same examples: a change is judged by what it changes. Elsewhere they are new.
settings.register_profile(
    "checkout",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("checkout")
