"""The critical path of a deploy: the seconds that nobody can save, from the plan and from how quick the platform is.

Waves of a group follow each other, groups of a stage go side by side, a wave takes as long as its slowest step. Fly takes one create a second
and app, three at once; that belongs to the path of strategies that create.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

from tests.benchmarks.rollouts.cases import CHECK, DESTROY, REPLACE, STOP, Case

DRAIN = 10.0
"""Seconds for every change of routing (L80, L81 of tests/simulator/README.md)."""
CREATES_AT_ONCE = 3


def critical_path(case: Case, plan: Mapping[str, Any]) -> float:
    """Seconds of a plan.json."""
    up = REPLACE + case.boot_seconds + CHECK
    bucket = _Creates()
    now = 0.0
    for number, stage in enumerate(plan["stages"]):
        kind = _kind(plan, stage, number)
        now = _stage(stage, kind, begins=now, up=up, bucket=bucket)
    return now


class _Creates:
    """When the next creates may be sent."""

    def __init__(self) -> None:
        self._next = -float(CREATES_AT_ONCE)

    def last_of(self, count: int, *, now: float) -> float:
        """When the last of `count` creates goes out."""
        for _ in range(count):
            due = max(self._next, now - (CREATES_AT_ONCE - 1))
            self._next = due + 1.0
        return max(now, self._next - 1.0)


def _kind(plan: Mapping[str, Any], stage: Mapping[str, Any], number: int) -> str:
    """What the steps of a stage are: plan.json counts them and names only those of the strategy's own machines."""
    if plan["strategy"] == "canary" and number == 0:
        return "canary"
    if plan["strategy"] != "bluegreen":
        return "update"
    if stage["forward"]:
        return "retire"
    return "create" if number == 0 else "route"


def _stage(stage: Mapping[str, Any], kind: str, *, begins: float, up: float, bucket: _Creates) -> float:
    lanes: list[tuple[float, int, Sequence[int]]] = [
        (begins, place, [wave["steps"] for wave in lane["waves"]])
        for place, lane in enumerate(stage["lanes"])
    ]
    heapq.heapify(lanes)
    ends = begins
    while lanes:
        now, place, waves = heapq.heappop(lanes)
        if not waves:
            ends = max(ends, now)
            continue
        is_first = len(waves) == len(stage["lanes"][place]["waves"])
        seconds = _wave(kind, waves[0], is_first=is_first, now=now, up=up, bucket=bucket)
        heapq.heappush(lanes, (now + seconds, place, waves[1:]))
    return ends


def _wave(kind: str, steps: int, *, is_first: bool, now: float, up: float, bucket: _Creates) -> float:
    match kind:
        case "update":
            return up
        case "create":
            return bucket.last_of(steps, now=now) - now + up
        case "canary":
            return bucket.last_of(steps, now=now) - now + up if is_first else DESTROY
        case "route":
            return DRAIN
        case _:  # the old machines: out of routing, then drained, stopped and destroyed
            return 0.0 if is_first else DRAIN + STOP + DESTROY
