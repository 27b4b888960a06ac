"""Volumes in plans and outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.planning.model.plan import Plan
from entrypoint.report.text.escape import Md, code, inline
from entrypoint.report.text.words import join
from entrypoint.rollout.outcome import MadeVolume, Outcome

MOST_IDS = 8
"""Volumes that one cell names."""


def volume_table(plan: Plan) -> Iterator[tuple[Md, ...]]:
    """Name, region, groups, stays attached, given to a new machine, made, left, unused. Names that the plan does not move are left out."""
    for row in plan.volumes:
        if row.moves:
            groups = Md(join([code(group) for group in row.groups]))
            made = Md(str(row.create)) if row.create else Md("–")
            yield (
                code(row.name),
                code(row.region) if row.region else Md("any"),
                groups,
                _ids(row.attached),
                _ids(row.attach),
                made,
                _ids(row.left),
                _ids(row.unused),
            )


def volume_lines(outcome: Outcome) -> Iterator[Md]:
    """One sentence for each volume that a rollout has made, saved or grown, and for each address."""
    for taken in outcome.snapshots:
        what = (
            f"snapshot {code(taken.id)} was taken first"
            if taken.id
            else "never mounted, so no snapshot was taken"
        )
        yield Md(f"Volume {code(taken.volume)} of {code(taken.group)}: {what}.")
    for grown in outcome.grown:
        restart = f"; {code(grown.restarted)} was restarted for it" if grown.restarted else ""
        yield Md(f"Volume {code(grown.volume)} of {code(grown.group)} has {grown.size_gb} GB now{restart}.")
    yield from _made(outcome.volumes)
    for address in outcome.addresses:
        if address.why:
            yield Md(f"⚠️ The app got no {code(address.kind)} address: {inline(address.why)}")
        else:
            yield Md(f"The app got the address {code(address.ip)} ({code(address.kind)}).")


def _made(made: Sequence[MadeVolume]) -> Iterator[Md]:
    for volume in made:
        where = f"{volume.size_gb} GB, {volume.region}" if volume.region else f"{volume.size_gb} GB"
        verb = "was there already and is used" if volume.found else "was made"
        yield Md(
            f"Volume {code(volume.id)} ({code(volume.name)}, {code(where)}) {verb} for {code(volume.group)}."
        )


def _ids(ids: Sequence[str]) -> Md:
    if not ids:
        return Md("–")
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return Md(", ".join(code(id_) for id_ in ids[:MOST_IDS]) + more)
