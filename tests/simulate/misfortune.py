"""What goes wrong with a deploy, each a thing that can be left out: drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.simulate.case import FRESH, NEW, Case
from tests.simulate.story import RULE_OPERATIONS

Kind = Literal[
    "kill",
    "cancel",
    "rule",
    "ill",
    "hand",
    "proxy",
    "flyctl",
    "scaler",
    "host",
    "other run",
    "breach",
    "filter",
]
OPERATIONS = tuple(name for name in RULE_OPERATIONS if name not in ("ip_assign", "metadata_merge"))
"""Those that the deploys of these cases ask for."""
SILENT = ("kill", "cancel", "filter")
"""Kinds that leave the platform and the fleet alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfortune:
    """`at`: seconds after the run's begin; `nth`: at which of its requests. `words` are the rule's, the behaviour's or the act's."""

    kind: Kind
    at: float | None = None
    nth: int | None = None
    executed: bool = True
    words: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        when = (
            f" at request {self.nth}"
            if self.nth
            else f" after {self.at:.2f} s"
            if self.at is not None
            else ""
        )
        how = "" if self.kind != "kill" or not self.nth else ", done" if self.executed else ", not done"
        words = " ".join(f"{key}={value}" for key, value in self.words.items())
        return f"{self.kind}{when}{how}{' ' if words else ''}{words}"

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else touches the fleet."""
        return self.kind in ("hand", "proxy", "flyctl", "scaler", "host", "other run")


AT_THE_END, THE_END = 0.25, 2.0
"""How often something happens in the last seconds of a run, between the last gate and the proof: a moment that is rarely met by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A run without any misfortune: its requests and seconds."""

    requests: int
    seconds: float


def draw_misfortunes(dice: random.Random, case: Case, way: Way) -> tuple[Misfortune, ...]:
    """One to three, of kinds that may come together."""
    mixes: list[list[Kind]] = [
        ["kill"],
        ["kill"],
        ["kill", "rule"],
        ["cancel"],
        ["rule"],
        ["rule", "rule", "rule"],
        ["ill"],
        ["ill", "rule"],
        ["hand"],
        ["hand", "hand"],
        ["hand", "kill"],
        ["flyctl"],
        ["other run"],
        ["other run", "rule"],
        ["scaler"],
        ["host"],
        ["filter"],
        ["filter"],
        ["filter", "kill"],
        ["filter", "ill"],
        ["filter", "rule"],
    ]
    if case.has("autostop"):
        mixes += [["proxy", "proxy"], ["proxy", "kill"], ["proxy", "proxy", "proxy"]]
    if case.has("verify"):
        mixes += [["breach"], ["breach", "rule"]]
    return tuple(_draw(dice, kind, case, way) for kind in dice.choice(mixes))


def _draw(dice: random.Random, kind: Kind, case: Case, way: Way) -> Misfortune:
    at = dice.uniform(0, way.seconds)
    if dice.random() < AT_THE_END:
        at = max(0.0, way.seconds - dice.uniform(0, THE_END))
    match kind:
        case "kill" | "cancel":
            if dice.random() < 0.5:
                return Misfortune(kind=kind, nth=dice.randint(1, way.requests), executed=dice.random() < 0.5)
            return Misfortune(kind=kind, at=at)
        case "rule":
            return Misfortune(kind=kind, words=_draw_rule(dice))
        case "ill":
            ill = dice.choice([{"boot": "crash"}, {"boot": "exit"}, {"checks": "never"}, {"boot": "failed"}])
            return Misfortune(
                kind=kind, words={"image": f"{NEW}*", "group": dice.choice(_groups(case)), **ill}
            )
        case "hand":
            return Misfortune(kind=kind, at=at, words=_draw_hand(dice, case))
        case "proxy":
            words: dict[str, Any] = {
                "act": dice.choice(["stop", "start"]),
                "group": "api",
                "count": dice.choice([1, 9]),
                "source": "proxy",
                "guarded": True,
            }
            return Misfortune(kind=kind, at=at, words=words)
        case "flyctl":
            return Misfortune(kind=kind, at=at, words={"group": dice.choice([*_groups(case), "*"])})
        case "scaler":
            words = {
                "act": dice.choice(["clone", "destroy"]),
                "group": dice.choice(_groups(case)),
                "count": 1,
                "guarded": dice.random() < 0.5,
            }
            return Misfortune(kind=kind, at=at, words=words)
        case "host":
            return Misfortune(
                kind=kind, at=at, words={"act": "host", "group": dice.choice(_groups(case)), "count": 1}
            )
        case "other run":
            return Misfortune(kind=kind, at=dice.choice([0.0, at, at]))
        case "filter":
            return Misfortune(kind=kind, words=_draw_filter(dice, case))
        case "breach":
            return Misfortune(kind=kind)


def _groups(case: Case) -> list[str]:
    found = [g for g in ("web", "worker", "cron", "api") if f'  {g} = "' in case.manifest]
    return found or ["web"]


def _draw_filter(dice: random.Random, case: Case) -> dict[str, Any]:
    """The inputs `groups` and `regions`: each of them, or both."""
    regions = sorted({m["region"] for m in case.fleet.get("machines", ())}) or ["ams"]
    regions += [FRESH] if FRESH in case.policy else []
    groups, regions = [dice.choice(_groups(case))], [dice.choice(regions)]
    return dice.choice(
        [{"groups": groups}, {"groups": groups}, {"regions": regions}, {"groups": groups, "regions": regions}]
    )


def _draw_hand(dice: random.Random, case: Case) -> dict[str, Any]:
    group = dice.choice(_groups(case))
    acts: list[dict[str, Any]] = [
        {"act": "stop", "group": group, "count": 1},
        {"act": "stop", "group": group, "count": 1},
        {"act": "start", "group": group, "count": 1},
        {"act": "cordon", "group": group, "count": 1},
        {"act": "uncordon", "group": group, "count": 1},
        {"act": "destroy", "group": group, "count": 1},
        {"act": "clear_lease", "group": group},
        {"act": "lease", "group": group, "count": 1, "ttl": dice.choice([5, 50, 200])},
        {"act": "exit", "group": group, "count": 1},
        {"act": "update", "group": group, "count": 1, "config": {"env": {"BY": "HAND"}}},
    ]
    return dice.choice(acts) | {"guarded": dice.random() < 0.7}


def _draw_hidden(dice: random.Random) -> dict[str, Any]:
    """Lists that leave machines out: new ones at any time, others in the middle of a run. A plan believes what it first sees (docs/limits.md)."""
    rows = dice.choice(["web*", "quiet*", "*"])
    return {
        "operation": "machine_list",
        "nth": dice.randint(1 if rows == "web*" else 3, 6),
        "times": dice.choice([1, 2, 99]),
        "fault": "hide",
        "rows": rows,
    }


def _draw_rule(dice: random.Random) -> dict[str, Any]:
    place = {"operation": dice.choice(OPERATIONS), "nth": dice.randint(1, 6), "times": dice.randint(1, 3)}
    status = dice.choice([408, 429, 500, 502, 503, 504])
    after = dice.uniform(2, 60)
    return dice.choice(
        [
            {**place, "fault": "answer", "status": status, "commit": status != 429 and dice.random() < 0.5},
            {**place, "fault": "answer", "status": dice.choice([400, 403, 409, 412, 422])},
            {**place, "fault": "drop", "when": dice.choice(["refused", "before", "after", "body"])},
            {**place, "fault": "drop", "when": "after", "delay_after": dice.choice([5.0, 60.0, 180.0])},
            {**place, "fault": "slow", "delay": dice.choice([2.0, 20.0, 60.0])},
            {**place, "fault": "slow", "delay_after": dice.choice([5.0, 60.0, 180.0])},
            {**place, "fault": "answer", "status": 504, "commit": dice.random() < 0.5, "delay_after": 60.0},
            _draw_hidden(dice),
            {
                "operation": "machine_*",
                "fault": "answer",
                "status": dice.choice([429, 503]),
                "after": after,
                "until": after + dice.choice([3, 30, 90]),
            },
            {
                "operation": "lease_release",
                "nth": 1,
                "times": 3,
                "fault": "answer",
                "status": dice.choice([403, 404, 409]),
            },
        ]
    )
