"""What a deploy cost, from the simulator's journal and its record of who would have received requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.rollouts.cases import LATENCY, Case

REQUEST = 0.1
"""Seconds that a request to the app takes: those begun less than that before a machine ends are lost."""
RATE = 10.0
"""Requests a second that each machine gets while all serve."""
WRITES = ("machine_create", "machine_update")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One deploy by one program. `wall` in seconds, as measured; `ratio` is that to the critical path."""

    case: Case
    program: str
    wall: float
    path: float
    requests: float
    """To one machine (…/machines/{id}…), each machine of the fleet."""
    lists: int
    """Of all machines of the app, in all."""
    rounds: float
    """Answers that were waited for, one after the other, before the first machine was written."""
    below: float
    """Seconds in which a group had fewer machines in routing than at the beginning."""
    lost: float
    """Requests to the app, of RATE a second and machine."""

    @property
    def ratio(self) -> float:
        """Wall clock to critical path."""
        return self.wall / self.path


def measure(
    case: Case,
    program: str,
    *,
    wall: float,
    path: float,
    journal: Sequence[Mapping[str, Any]],
    traffic: Sequence[Mapping[str, Any]],
) -> Figures:
    """`journal` as GET /_sim/journal shows it, `traffic` as GET /_sim/traffic does, one for each group."""
    asked = [entry for entry in journal if entry["operation"] != "registry_ping"]
    kinds = Counter(entry["operation"] for entry in asked)
    begun = min((entry["at"] for entry in asked), default=0.0)
    first = min((entry["at"] for entry in asked if _writes(entry)), default=begun)
    ended = max((entry["at"] for entry in asked), default=begun)
    return Figures(
        case=case,
        program=program,
        wall=wall,
        path=path,
        requests=sum(1 for entry in asked if entry["machine"]) / case.machines,
        lists=kinds["machine_list"],
        rounds=(first - begun) / LATENCY,
        below=max(_below(one, since=begun, until=ended) for one in traffic),
        lost=sum(_lost(one, since=begun, until=ended) for one in traffic),
    )


def _writes(entry: Mapping[str, Any]) -> bool:
    """The first of a lock's machine is none."""
    return entry["operation"] in WRITES and (entry["body"] or {}).get("name") != "flightplan-lock"


def _below(traffic: Mapping[str, Any], *, since: float, until: float) -> float:
    full, seconds = _full(traffic, since=since), 0.0
    for at, then, count in _spans(traffic, since=since, until=until):
        seconds += (then - at) if count < full else 0.0
    return seconds


def _lost(traffic: Mapping[str, Any], *, since: float, until: float) -> float:
    """Those under way on a machine that ended, and those for which there was none."""
    full = _full(traffic, since=since)
    cuts = sum(1 for cut in traffic["cuts"] if cut["at"] > since)
    nobody = sum(then - at for at, then, count in _spans(traffic, since=since, until=until) if count == 0)
    return cuts * RATE * REQUEST + nobody * RATE * full


def _full(traffic: Mapping[str, Any], *, since: float) -> int:
    """How many machines were in routing at the beginning."""
    before = [len(change["machines"]) for change in traffic["changes"] if change["at"] <= since]
    return before[-1] if before else 0


def _spans(traffic: Mapping[str, Any], *, since: float, until: float) -> list[tuple[float, float, int]]:
    """From, until, and how many machines were in routing."""
    marks = [(max(change["at"], since), len(change["machines"])) for change in traffic["changes"]]
    ends = [at for at, _ in marks[1:]] + [until]
    return [
        (at, min(then, until), count)
        for (at, count), then in zip(marks, ends, strict=True)
        if min(then, until) > at
    ]
