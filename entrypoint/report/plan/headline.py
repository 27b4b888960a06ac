"""A plan in one line: what happens to how many machines."""

from __future__ import annotations

from collections import Counter

from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import is_done
from entrypoint.report.plan.verbs import is_shown, verb_of
from entrypoint.report.text.words import count

_ORDER = ("destroy", "replace", "swap", "canary", "update", "create", "start", "remove", "route")
"""The order of the verbs in a headline. Destructive ones come first."""


def headline(plan: Plan) -> str:
    """What will happen, in words."""
    steps = [step for _, step in plan.steps() if not is_done(step)]
    found = Counter(verb_of(step) for step in steps if is_shown(step))
    parts = [(verb, found[verb]) for verb in _ORDER]
    said = [(verb, n) for verb, n in parts if n]
    if not said and plan.growths:
        return f"extend {count(len(plan.growths), 'volume')}"
    if not said and plan.resumes:
        return "nothing to write: an interrupted deploy is seen through"
    if not said:
        down = sum(group.is_down for group in plan.groups)
        return (
            f"nothing changes, and {count(down, 'group')} {'is' if down == 1 else 'are'} down"
            if down
            else "nothing to do"
        )
    first = f"{said[0][0]} {count(said[0][1], 'machine')}"
    if said[0][0] == "canary":
        first = count(said[0][1], "canary machine")
    return ", ".join([first, *(f"{verb} {n}" for verb, n in said[1:])])
