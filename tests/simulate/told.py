"""What playing one seed gives, at the ports or through HTTP. A module of its own: a worker process cannot import a package's `__main__`."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from tests.simulate.minimal import lessen
from tests.simulate.play import play as play_whole
from tests.simulate.schedule import Schedule, draw, find_reference, play
from tests.simulate.story import draw as draw_whole

HTTP_EVERY = 20
"""Each seed that this divides is told through HTTP."""
COLLECT_EVERY = 3
"""Garbage is collected before each seed that this divides."""


@dataclass(slots=True, kw_only=True)
class Told:
    """What one seed came to. `text` is empty where nothing broke."""

    seed: int
    kind: str
    cpu: float
    text: str = ""


def tell(seed: int, *, always: bool = False) -> Told:
    """Play one seed. `always`: with the text of the schedule, also where nothing broke."""
    _collect(seed)
    begun = time.process_time()
    if seed % HTTP_EVERY == 0:
        kind, text = _tell_whole(seed, always=always)
        return Told(seed=seed, kind=f"http {kind}", cpu=time.process_time() - begun, text=text)
    schedule = draw(seed)
    told, wrong = _play(schedule)
    cpu = time.process_time() - begun
    text = ""
    if wrong:
        kind = wrong[0].partition(":")[0]
        schedule = lessen(schedule, fails=lambda less: any(w.startswith(kind) for w in _play(less)[1]))
        told, wrong = _play(schedule)
    if wrong or always:
        text = "\n  ".join(
            [
                f"seed {seed}: {', '.join(schedule.case.words)}",
                *(f"misfortune: {m}" for m in schedule.misfortunes),
                *told,
                *(f"WRONG: {w}" for w in wrong),
                f"again: make simulate SEED={seed} ONLY=1",
            ]
        )
    return Told(seed=seed, kind=f"ports {schedule.case.strategy}", cpu=cpu, text=text)


def tell_share(seeds: Sequence[int]) -> list[Told]:
    """Play each."""
    return [tell(seed) for seed in seeds]


def _collect(seed: int) -> None:
    """Between worlds, so that the next one is built where the last ones were: memory that is still in the processor's cache. What is
    left then, such as modules, is never looked at again.
    """
    gc.disable()
    if seed % COLLECT_EVERY == 0:
        gc.collect()
        gc.freeze()


def _play(schedule: Schedule) -> tuple[Sequence[str], Sequence[str]]:
    try:
        record = find_reference(schedule.seed) if schedule.is_plain else play(schedule)
    except Exception:
        return [], [f"crash: {traceback.format_exc()}"]
    return record.told, record.wrong


def _tell_whole(seed: int, *, always: bool) -> tuple[str, str]:
    story = draw_whole(seed)
    try:
        told, wrong = play_whole(story)
    except Exception:
        told, wrong = [], [traceback.format_exc()]
    if not wrong and not always:
        return story.strategy, ""
    lines = [f"seed {seed}: {', '.join(story.words)}", *told, *(f"WRONG: {w}" for w in wrong)]
    return story.strategy, "\n  ".join([*lines, f"again: make simulate SEED={seed} ONLY=1"])
