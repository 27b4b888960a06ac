"""Machines that somebody changed after Flightplan deployed them, where this deploy overwrites the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import Fingerprints, bare_form, is_keyed
from entrypoint.fleet.model import Machine
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.consequences.said import quoted, warn
from entrypoint.planning.diff import diff_configs
from entrypoint.planning.model.steps import FieldChange, Update
from entrypoint.planning.reconcile import Reconciled


def changed_outside(groups: Sequence[Reconciled], *, secret: Secret | None) -> Iterator[Finding]:
    """Changes made by hand, by flyctl or by another tool. A machine's mark tells what our deploy gave it. The gate decides separately."""
    for group in groups:
        if lacking := _lacking_key(group, secret=secret):
            were = "were" if len(lacking) > 1 else "was"
            yield warn(
                "changed-outside",
                f"{quoted(lacking)} of {ticked(group.group)} {were} deployed with the input `record-key`, which this plan does not have: "
                f"whether somebody changed {'them' if len(lacking) > 1 else 'it'} since is not known.",
                hint="Give the same `record-key` in every job.",
            )
        for fields, ids in sorted(_changed(group, secret=secret).items()):
            many = len(ids) > 1
            what = (
                f": {quoted(fields)}. This deploy overwrites that."
                if fields
                else ". This deploy overwrites the change."
            )
            yield warn(
                "changed-outside",
                f"{quoted(ids)} of {ticked(group.group)} {'were' if many else 'was'} changed since Flightplan deployed "
                f"{'them' if many else 'it'}{what}",
                hint="To keep it, write it in fly.toml.",
            )


def _lacking_key(group: Reconciled, *, secret: Secret | None) -> list[MachineId]:
    """Machines whose config is overwritten, and whose mark cannot be compared without the key that it was made with."""
    return [
        machine.id
        for machine, changes in _overwritten_machines(group)
        if changes and not _is_comparable(machine, secret)
    ]


def _is_comparable(machine: Machine, secret: Secret | None) -> bool:
    return bool(secret) or not is_keyed(machine.metadata.get(marks.FINGERPRINT, ""))


def _changed(group: Reconciled, *, secret: Secret | None) -> dict[tuple[str, ...], list[MachineId]]:
    """Machines by the fields that are overwritten. No fields are named where no machine still has the config that we deployed."""
    overwritten = list(_overwritten_machines(group))
    machines = [machine for machine, _ in overwritten] + [kept.machine for kept in group.kept]
    given = {
        machine.metadata[marks.FINGERPRINT] for machine in machines if marks.FINGERPRINT in machine.metadata
    }
    fingerprints = Fingerprints(secret=secret)
    known = [m for m in machines if given and not given.isdisjoint(fingerprints.spellings(m))]
    known_ids = {machine.id for machine in known}
    found: dict[tuple[str, ...], list[MachineId]] = {}
    for machine, changes in overwritten:
        if machine.id in known_ids or _is_moved(machine, group) or not _is_comparable(machine, secret):
            continue
        fields = _fields(machine, changes, sibling=known[0]) if known else ()
        if fields or (not known and changes and marks.FINGERPRINT in machine.metadata):
            found.setdefault(fields, []).append(machine.id)
    return found


def _overwritten_machines(group: Reconciled) -> Iterator[tuple[Machine, Sequence[FieldChange]]]:
    """Machines whose config is overwritten, in place or by a new machine, with the changes."""
    for change in group.changes:
        if isinstance(change, Update) and not change.done:
            yield change.machine, change.changes
    gone = {step.id: step.machine for step in group.destroys}
    for create in group.creates:
        machine = gone.get(create.replaces) if create.replaces and create.done is None else None
        if machine is not None:
            yield machine, create.changes


def _is_moved(machine: Machine, group: Reconciled) -> bool:
    """Whether it comes from another group. The comment says so, and that explains all changes of its config."""
    env = machine.config.get("env")
    was = env.get("FLY_PROCESS_GROUP") if isinstance(env, Mapping) else None
    return was not in (None, "", group.group)


def _fields(machine: Machine, changes: Sequence[FieldChange], *, sibling: Machine) -> tuple[str, ...]:
    """Fields that the deploy changes, and in which the machine differs from a sibling that still has the deployed config."""
    edited = [edit.path for edit in diff_configs(bare_form(sibling.config), bare_form(machine.config))]
    return tuple(
        dict.fromkeys(
            ".".join(change.path)
            for change in changes
            if any(path[: len(change.path)] == change.path[: len(path)] for path in edited)
        )
    )
