"""How many examples: few and the same ones in `make test`, HYPOTHESIS_MAX_EXAMPLES of them in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

MANY = os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "")

settings.register_profile("quick", max_examples=50, derandomize=True, database=None, deadline=None)
settings.register_profile(
    "many",
    max_examples=int(MANY or 1),
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("many" if MANY else "quick")
