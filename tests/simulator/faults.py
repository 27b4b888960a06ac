"""Scripted faults: which request a fault hits, by operation, machine, nth call or seeded chance, and what it does to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from tests.simulator.state.dice import Dice

Kind = Literal["answer", "drop", "slow", "trickle", "rewrite", "hide", "act"]
"""
answer   the reply is `status` with `body` (or `html`, or nothing); `commit` says whether the request was done all the same
drop     the connection breaks: `when` refused, dns, tls (nothing was sent), before (sent, not done), after (done, no reply) or body (half a reply)
slow     `delay` seconds before the request is done, `delay_after` more until the reply
trickle  the reply comes in pieces over `delay` seconds
rewrite  the reply's JSON gets the members of `body` laid over it
hide     a list leaves out the rows whose id or name fits `rows`
act      `acts` happen just before the request is done

With each, an answer that was made is held for `delay_after` seconds more before it goes out or is dropped.
"""
When = Literal["refused", "dns", "tls", "before", "after", "body"]
KINDS = {"answer", "drop", "slow", "trickle", "rewrite", "hide", "act"}


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault. Patterns may hold `*`. `seen` counts the requests that matched."""

    operation: str = "*"
    app: str = "*"
    machine: str = "*"
    """Id or name."""
    group: str = "*"
    nth: int | None = None
    """It applies from the nth request that fits on (1 is the first) …"""
    times: int | None = None
    """… so many times; once if only `nth` is given, always if neither is."""
    probability: float | None = None
    after: float = 0.0
    """Virtual seconds before which it never applies, and `until` when it ends."""
    until: float = float("inf")
    fault: Kind = "answer"
    status: int = 500
    body: Any = None
    html: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    commit: bool = False
    when: When = "after"
    delay: float = 0.0
    delay_after: float = 0.0
    rows: str = "*"
    acts: list[dict[str, Any]] = field(default_factory=list)
    name: str = ""
    seen: int = 0

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"unknown fault {self.fault!r}: {', '.join(sorted(KINDS))}")

    def strikes(
        self, *, operation: str, app: str, machine: tuple[str, ...], group: str, now: float, dice: Dice
    ) -> bool:
        """Whether it applies to this request. The request is counted if the patterns fit."""
        if not (
            fnmatchcase(operation, self.operation)
            and fnmatchcase(app, self.app)
            and any(fnmatchcase(word, self.machine) for word in machine)
            and fnmatchcase(group, self.group)
            and self.after <= now <= self.until
        ):
            return False
        self.seen += 1
        first = self.nth or 1
        times = self.times if self.times is not None else (1 if self.nth else None)
        if self.seen < first or (times is not None and self.seen >= first + times):
            return False
        return self.probability is None or dice.fraction("fault", self.label, self.seen) < self.probability

    @property
    def label(self) -> str:
        """What the journal calls it."""
        return self.name or f"{self.fault} {self.operation}"


def find_fault(
    rules: list[Rule],
    *,
    operation: str,
    app: str,
    machine: tuple[str, ...],
    group: str,
    now: float,
    dice: Dice,
) -> Rule | None:
    """The first rule that applies. Every rule counts the request."""
    struck = [
        rule
        for rule in rules
        if rule.strikes(operation=operation, app=app, machine=machine, group=group, now=now, dice=dice)
    ]
    return struck[0] if struck else None
