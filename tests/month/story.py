"""A story is a list of events, drawn from a seed. Each names what it is about, so that leaving out others leaves it a story."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """`do` is a method of month.Month. `about` are its arguments."""

    do: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.do.replace("_", " "), *(f"{k}={v}" for k, v in self.about.items())])


CHANGES = ("code", "env", "command", "count", "group", "strategy", "scale")
_COMMON = ("code", "code", "code", "env", "env", "command", "count")
METHODS = ("merge", "squash", "rebase", "merge", "squash", "queue")

Draw = Callable[[random.Random, int], Event]


def draw(seed: int, *, events: int = 60) -> list[Event]:
    """A month: mostly ordinary work, with every misfortune some day."""
    dice = random.Random(seed)
    # A month has its manners: some teams are careful, some months are bad.
    luck = dice.choice((0.0, 1.0, 2.0, 2.0))
    story: list[Event] = []
    opened: list[str] = []
    for index in range(events):
        if len(opened) < 3 and (not opened or dice.random() < 0.35):
            name = f"p{index}"
            opened.append(name)
            story.append(_open(dice, name))
            if story[-1].about["who"] in ("fork", "dependabot[bot]") and dice.random() < 0.7:
                story.append(Event(do="plan_for_them", about={"pull": name}))
            continue
        roll = dice.random()
        if roll < 0.45:
            name = opened.pop(dice.randrange(len(opened)))
            careful = dice.random() < 0.5
            story.append(
                Event(do="merge", about={"pull": name, "how": dice.choice(METHODS), "update": careful})
            )
            if dice.random() < 0.6:
                story.append(Event(do="approve"))
        elif roll < 0.45 + 0.3 * luck / 2:
            story.append(_misfortune(dice, opened, index))
        else:
            story.append(_ordinary(dice, opened, index))
    return story


def _open(dice: random.Random, name: str) -> Event:
    kinds = sorted(
        {dice.choice(_COMMON if dice.random() < 0.9 else CHANGES) for _ in range(dice.choice((1, 1, 2)))}
    )
    who = dice.choice(("mona", "mona", "hubot", "dependabot[bot]", "fork"))
    return Event(do="open", about={"pull": name, "kinds": "+".join(kinds), "who": who})


def _ordinary(dice: random.Random, opened: list[str], index: int) -> Event:
    name = dice.choice(opened)
    return dice.choice(
        (
            Event(do="amend", about={"pull": name, "kinds": dice.choice(_COMMON)}),
            Event(do="amend", about={"pull": name, "kinds": dice.choice(_COMMON)}),
            Event(do="update_branch", about={"pull": name}),
            Event(do="force_push", about={"pull": name}),
            Event(do="bot_push", about={"number": index}),
            Event(do="push_code", about={"number": index}),
            Event(do="restart", about={"machine": dice.randrange(9)}),
            Event(do="autoscale", about={"machine": dice.randrange(9)}),
            Event(do="wait", about={"hours": dice.choice((1, 20, 60))}),
            Event(do="rerun", about={"back": dice.randrange(6)}),
            Event(do="revert", about={"name": f"p{index}"}),
            Event(do="slow_jobs", about={"what": dice.choice(("plan", "deploy"))}),
            Event(do="settle"),
        )
    )


def _misfortune(dice: random.Random, opened: list[str], index: int) -> Event:
    name = dice.choice(opened) if opened else "p0"
    return dice.choice(
        (
            Event(do="push_config", about={"number": index}),
            *(
                Event(do="edit_by_hand", about={"machine": dice.randrange(9), "number": index})
                for _ in range(4)
            ),
            Event(do="force_push_main", about={"number": index}),
            Event(do="two_jobs", about={"pull": name}),
            Event(do="upgrade", about={"back": dice.random() < 0.5}),
            Event(do="clone_by_hand", about={"machine": dice.randrange(9)}),
            Event(do="move_host", about={"machine": dice.randrange(9)}),
            Event(do="lose_marks", about={"machine": dice.choice((None, 0, 1, 2))}),
            Event(do="edit_comment", about={"pull": name, "undo": dice.random() < 0.5}),
            Event(do="delete_comment", about={"pull": name}),
            Event(do="expire"),
            Event(do="runner_dies", about={"writes": dice.randrange(5)}),
            Event(do="planner_dies", about={"answers": dice.randrange(1, 9)}),
            Event(do="cancel", about={"writes": dice.randrange(5)}),
            Event(do="bad_image"),
            Event(do="change_base", about={"pull": name}),
            Event(do="close", about={"pull": name}),
            Event(do="two_bases", about={"pull": name}),
            Event(do="merge_amended", about={"pull": name, "number": index}),
            Event(do="approve"),
            Event(do="github_hiccup", about={"what": dice.choice(("stale", "unsettled", "lost", "down"))}),
        )
    )
