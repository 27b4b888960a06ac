"""What a plan destroys, in words. It is at the top of the comment, even if it is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName, VolumeId
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Destroy
from entrypoint.report.text.escape import Md, code, sentence
from entrypoint.report.text.links import to_machine
from entrypoint.report.text.names import name
from entrypoint.report.text.words import count, join

RULES = frozenset({"would-destroy", "would-replace"})
"""Blockers that are shown here."""
MOST_LINKS = 40
"""Machines that are links. Of more, only the ids are shown."""
_RANK = (AllowDestroy.NONE, AllowDestroy.SURPLUS, AllowDestroy.ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Machines of one group that are destroyed, or replaced."""

    group: GroupName
    replaced: bool
    steps: tuple[Destroy, ...]


def taken(plan: Plan) -> tuple[Taken, ...]:
    """What the plan will destroy or replace. A machine that a strategy swaps for a new one does not count (docs/gate.md, rule 3)."""
    return tuple(
        Taken(group=group.name, replaced=replaced, steps=steps)
        for group in plan.groups
        for replaced in (False, True)
        if (steps := tuple(_steps(group.steps, replaced=replaced)))
    )


def _steps(steps: Sequence[object], *, replaced: bool) -> Iterator[Destroy]:
    for step in steps:
        if isinstance(step, Destroy) and not step.done and step.swap is None and step.replaced == replaced:
            yield step


def is_refused(plan: Plan) -> bool:
    """Whether consent is missing."""
    return any(blocker.rule in RULES for blocker in plan.blockers)


def volumes_left(plan: Plan) -> tuple[VolumeId, ...]:
    """Volumes whose machines are destroyed."""
    return tuple(v for part in taken(plan) for step in part.steps for v in step.volumes)


def took_words(plan: Plan) -> str:
    """For example: destroy 2 machines and replace 1."""
    found = taken(plan)
    numbers = {
        verb: sum(len(part.steps) for part in found if part.replaced == replaced)
        for verb, replaced in (("destroy", False), ("replace", True))
    }
    said = [(verb, number) for verb, number in numbers.items() if number]
    first = [f"{verb} {count(number, 'machine')}" for verb, number in said[:1]]
    return join([*first, *(f"{verb} {number}" for verb, number in said[1:])])


def consent_words(plan: Plan) -> Md:
    """Which input allows it, or would allow it."""
    if is_refused(plan):
        return Md(f"To allow it, set `allow-destroy: {needed(plan).value}`.")
    if _RANK.index(plan.allow_destroy) >= _RANK.index(needed(plan)):
        return Md(f"The input `allow-destroy: {plan.allow_destroy.value}` allows it.")
    return Md("This needs no consent: an earlier run created them, and no deploy has proved them since.")


def taken_lines(plan: Plan, *, most_ids: int) -> tuple[tuple[Md, ...], int]:
    """A sentence for each group, and the number of machines that are not named."""
    found = taken(plan)
    sizes = {id_: (row.name, dict(row.sizes).get(id_)) for row in plan.volumes for id_ in row.left}
    links = sum(len(part.steps) for part in found) <= MOST_LINKS
    lines, room, hidden = [], most_ids, 0
    for part in found:
        shown = part.steps[:room]
        room -= len(shown)
        hidden += len(part.steps) - len(shown)
        verb = "Replace" if part.replaced else "Destroy"
        machines = _machines(plan, shown, links=links, hidden=len(part.steps) - len(shown))
        volumes = [volume for step in part.steps for volume in step.volumes]
        left = f" {_left(volumes, sizes)}" if volumes else ""
        lines.append(
            Md(f"**{verb} {count(len(part.steps), 'machine')} of {name(part.group)}**: {machines}.{left}")
        )
    return tuple(lines), hidden


def _machines(plan: Plan, steps: Sequence[Destroy], *, links: bool, hidden: int) -> str:
    """The ids by reason. For example: `1` in `ams`, `2` in `gru` (its group is gone from fly.toml)."""
    reasons: dict[str, list[Destroy]] = {}
    for step in steps:
        reasons.setdefault(step.reason, []).append(step)
    said = []
    for reason, same in reasons.items():
        regions: dict[str, list[Md]] = {}
        for step in same:
            id_ = to_machine(plan.app, step.id) if links else code(step.id)
            regions.setdefault(step.region, []).append(id_)
        places = [
            f"{', '.join(ids)} in {code(region) if region else 'any region'}"
            for region, ids in regions.items()
        ]
        said.append(f"{', '.join(places)} ({sentence(reason)})")
    more = [
        f"{count(hidden, 'more machine') if steps else count(hidden, 'machine')} that {'is' if hidden == 1 else 'are'} not named here"
    ]
    return "; ".join([*said, *(more if hidden else ())])


def _left(volumes: Sequence[VolumeId], known: dict[VolumeId, tuple[str, int | None]]) -> str:
    said = []
    for volume in volumes:
        of, size = known.get(volume, ("", None))
        facts = ", ".join(part for part in (code(of) if of else "", f"{size} GB" if size else "") if part)
        said.append(f"{code(volume)}{f' ({facts})' if facts else ''}")
    one = len(said) == 1
    return f"**{'Volume' if one else 'Volumes'} {join(said)} {'stays' if one else 'stay'}, attached to nothing**, and still billed."


def needed(plan: Plan) -> AllowDestroy:
    """The value of `allow-destroy` that the plan needs: `surplus` covers machines without volumes, `all` covers all."""
    found = taken(plan)
    if any(part.replaced or step.volumes for part in found for step in part.steps):
        return AllowDestroy.ALL
    return AllowDestroy.SURPLUS if found else AllowDestroy.NONE
