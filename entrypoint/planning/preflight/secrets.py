"""Secrets that are set but not live yet. A machine gets them at its next boot (https://fly.io/docs/apps/secrets/)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.fleet.model import Machine
from entrypoint.fleet.preflight import SetSecret
from entrypoint.fleet.states import LAUNCHED
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.consequences.said import note, quoted
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.preflight import StagedSecrets
from entrypoint.planning.model.steps import Destroy, Start, Update, is_done, machine_of


def staged_secrets(plan: Plan, secrets: Sequence[SetSecret]) -> tuple[StagedSecrets, ...]:
    """The groups that have such secrets. Machines with an unknown start time, and those that are destroyed, do not count."""
    return tuple(found for group in plan.groups if not group.is_gone and (found := _staged(group, secrets)))


def note_secrets(staged: Sequence[StagedSecrets], *, groups: int) -> Iterator[Finding]:
    """One note for all groups with the same secrets. `groups`: the number of groups in the plan."""
    for goes_live in (True, False):
        found = [entry for entry in staged if entry.goes_live is goes_live]
        for names in dict.fromkeys(entry.names for entry in found):
            where = [entry.group for entry in found if entry.names == names]
            yield _said(names, where, goes_live=goes_live, everywhere=len(where) == groups)


def _said(names: Sequence[str], groups: Sequence[str], *, goes_live: bool, everywhere: bool) -> Finding:
    many = len(names) > 1
    head = f"Secret{'s' if many else ''} {quoted(names)} {'were' if many else 'was'} set after machines of {quoted(groups)} booted"
    if goes_live:
        place = "" if everywhere else " there"
        return note("secrets-staged", f"{head}, and go{'' if many else 'es'} live{place} with this deploy.")
    return note(
        "secrets-waiting",
        f"{head}. This deploy restarts none of these machines, so {'they do' if many else 'it does'} not go live.",
        hint="`fly secrets deploy` restarts them.",
    )


def _staged(group: GroupPlan, secrets: Sequence[SetSecret]) -> StagedSecrets | None:
    gone = {s.id for s in group.steps if isinstance(s, Destroy) and not s.replaced and s.swap is None}
    running = [m for m in group.machines if m.state in LAUNCHED and m.id not in gone]
    restarted = _restarted(group)
    late = [m for m in running if m.id in restarted] or running
    names = {s.name for s in secrets for m in late if _is_newer(s, m)}
    if not names:
        return None
    goes_live = any(m.id in restarted for m in late)
    return StagedSecrets(group=group.name, names=tuple(sorted(names)), goes_live=goes_live)


def _restarted(group: GroupPlan) -> frozenset[MachineId]:
    """Machines that the plan restarts or replaces."""
    steps = [step for step in group.steps if isinstance(step, Update | Start | Destroy) and not is_done(step)]
    return frozenset(m.id for step in steps if (m := machine_of(step)) is not None)


def _is_newer(secret: SetSecret, machine: Machine) -> bool:
    return machine.last_start is not None and secret.set_at > machine.last_start
