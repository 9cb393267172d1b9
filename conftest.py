"""What holds for every test of this checkout."""

from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code; benchmarks/ is where speed is measured.
settings.register_profile("checkout", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("checkout")
