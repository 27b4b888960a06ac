"""`python -m tests.benchmarks [name …]`: what things cost, as ratios where there is something to compare with.

`long` and `flapping` are run only by name.
"""

from __future__ import annotations

import sys

from tests.benchmarks import big_fleet, planning, start, validate
from tests.benchmarks.rollouts import flapping, long, run

BRIEF = {
    "start": start.run,
    "validate": validate.run,
    "planning": planning.run,
    "rollouts": run.run,
    "big-fleet": big_fleet.run,
}
ALL = {**BRIEF, "long": long.run, "flapping": flapping.run}

if __name__ == "__main__":
    names = sys.argv[1:] or list(BRIEF)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}.")
    for name in names:
        print(f"## {name}")
        ALL[name]()
