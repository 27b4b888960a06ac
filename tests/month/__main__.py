"""`python -m tests.month [--minutes 10] [--seed N] [--only 0,3,7]`: months until the time is over, or one of them again.

A month that breaks an invariant is told again with fewer and fewer events until each that is left is needed; that story is printed, with
the command that plays it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.month.month import WAYS, Broken, Month
from tests.month.story import Event, draw
from tests.simulator_github.running import Running


def play(seed: int, story: Sequence[Event], *, served: Running | None = None) -> tuple[Month, str]:
    """The month, and what broke; "" if nothing."""
    with Month(way=WAYS[seed % len(WAYS)], served=served) as month:
        try:
            month.play(story)
        except Broken as broken:
            return month, str(broken)
        return month, ""


def shorten(seed: int, story: Sequence[Event], broken: str) -> list[int]:
    """The numbers of a few events that break the same, found by leaving out ever smaller runs of them."""
    kind = broken.split(";", maxsplit=1)[0].split(":", maxsplit=1)[0][:30]
    kept, size = list(range(len(story))), len(story) // 2
    while size:
        at = 0
        while at < len(kept):
            tried = kept[:at] + kept[at + size :]
            if play(seed, [story[i] for i in tried])[1].startswith(kind):
                kept = tried
            else:
                at += size
        size //= 2
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.month", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first month; the next have the next numbers"
    )
    parser.add_argument(
        "--only", help="numbers of the events to keep, as a failure prints them; one month is played"
    )
    parser.add_argument("--stop", type=int, default=3, help="end after so many failures")
    options = parser.parse_args()
    if options.only is not None:
        story = draw(options.seed)
        month, broken = play(options.seed, [story[int(i)] for i in options.only.split(",") if i])
        print("\n".join(month.told), broken, sep="\n\n")
        return 1 if broken else 0
    begun, seed, failed, jobs = time.monotonic(), options.seed, 0, Counter[str]()
    requests: list[int] = []
    while time.monotonic() - begun < options.minutes * 60 and failed < options.stop:
        story = draw(seed)
        month, broken = play(seed, story)
        jobs.update(line.split(":")[-1].strip() for line in month.told if line.startswith("  deploy"))
        requests += month.requests
        if broken:
            failed += 1
            _report(seed, story, broken)
        seed += 1
    print(
        f"{seed - options.seed} months in {time.monotonic() - begun:.0f} s, {failed} failed; deploys: {dict(jobs)}"
    )
    requests.sort()
    if requests:
        middle, most = requests[len(requests) // 2], requests[-1]
        print(f"requests to GitHub of a deploy: {middle} in the middle, at most {most}")
    return 1 if failed else 0


def _report(seed: int, story: Sequence[Event], broken: str) -> None:
    kept = shorten(seed, story, broken)
    month, again = play(seed, [story[i] for i in kept])
    print(f"--- month {seed} ({month.way}) ---", *month.told, again or broken, sep="\n")
    print(f"Again: python -m tests.month --seed {seed} --only {','.join(map(str, kept))}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
