"""`python -m tests.simulate [--minutes 10] [--seed N] [--only]`: deploys that go wrong, until the time is over, or one of them again."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from tests.simulate.play import play
from tests.simulate.story import draw


def main() -> int:
    """The exit code: 1 where a story broke something."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulate", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first story; the next have the next numbers"
    )
    parser.add_argument("--only", action="store_true", help="tell this one, and nothing else")
    parser.add_argument("--stop", type=int, default=3, help="end after so many failures")
    options = parser.parse_args()
    seed, failed, kinds = options.seed, 0, Counter[str]()
    until = time.monotonic() + 60 * options.minutes
    while True:
        story = draw(seed)
        try:
            told, wrong = play(story)
        except Exception:
            told, wrong = [], [traceback.format_exc()]
        kinds[story.strategy] += 1
        if wrong or options.only:
            failed += bool(wrong)
            print(
                f"seed {seed}: {', '.join(story.words)}", *told, *(f"WRONG: {w}" for w in wrong), sep="\n  "
            )
            print(f"  again: make simulate SEED={seed} ONLY=1", flush=True)
        seed += 1
        if options.only or failed >= options.stop or time.monotonic() >= until:
            break
    print(f"{seed - options.seed} stories: {dict(kinds)}; {failed} broke something")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
