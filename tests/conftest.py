"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A property is a law, not a figure: no example has a deadline, and a busy machine is not an
# unhealthy one. The same examples every time: a verdict changes with the code and with nothing
# else. `pytest --hypothesis-profile=search` looks further, at other examples each time.
LAW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}
settings.register_profile("suite", derandomize=True, **LAW)
settings.register_profile("search", max_examples=1000, derandomize=False, **LAW)
settings.load_profile("suite")
