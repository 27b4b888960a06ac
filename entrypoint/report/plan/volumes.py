"""Volumes in plans and outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.planning.model.plan import Plan, VolumeRow
from entrypoint.report.text.escape import Md, code, inline
from entrypoint.report.text.names import name
from entrypoint.report.text.words import join
from entrypoint.rollout.outcome import MadeVolume, Outcome

_NONE = Md("–")
MOST_IDS = 8
"""Volumes that one cell names."""


def volume_rows(plan: Plan) -> tuple[VolumeRow, ...]:
    """The rows of volumes that the plan changes."""
    return tuple(row for row in plan.volumes if row.moves)


def volume_table(rows: Sequence[VolumeRow]) -> tuple[tuple[Md, ...], ...]:
    """A head, and a row for each name in each region. Columns without content are left out. Empty without rows."""
    columns: tuple[tuple[str, list[Md]], ...] = (
        ("left unattached", [_ids(row.left) for row in rows]),
        ("attached now", [_ids(row.attach) for row in rows]),
        ("created", [Md(str(row.create)) if row.create else _NONE for row in rows]),
        ("stay attached", [_ids(row.attached) for row in rows]),
        ("unused", [_ids(row.unused) for row in rows]),
    )
    kept = [(head, places) for head, places in columns if any(place != _NONE for place in places)]
    head = tuple(map(Md, ("volume", *(head for head, _ in kept), "region", "groups")))
    body = (
        (
            code(row.name),
            *(places[index] for _, places in kept),
            code(row.region) if row.region else Md("any"),
            Md(join([name(group) for group in row.groups])),
        )
        for index, row in enumerate(rows)
    )
    return (head, *body) if rows else ()


def volume_lines(outcome: Outcome) -> Iterator[Md]:
    """One sentence for each volume that a rollout has created, saved or made larger, and for each address."""
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
        verb = "was there already and is used" if volume.found else "was created"
        yield Md(
            f"Volume {code(volume.id)} ({code(volume.name)}, {code(where)}) {verb} for {code(volume.group)}."
        )


def _ids(ids: Sequence[str]) -> Md:
    if not ids:
        return _NONE
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return Md(", ".join(code(id_) for id_ in ids[:MOST_IDS]) + more)
