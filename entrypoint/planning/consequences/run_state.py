"""Groups without a running machine, and machines that nothing starts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.after import After, Running
from entrypoint.planning.consequences.said import note, quoted, warn
from entrypoint.planning.model.mounts import standbys_of
from entrypoint.planning.model.steps import Update
from entrypoint.planning.reconcile import Reconciled

_NOT_PROVEN_BY = {
    False: " None of the group runs: nothing shows that the new version starts.",
    True: " Its schedule starts it: until then nothing shows that the new version starts.",
}
_SERVE = (Running.RUNS, Running.ON_DEMAND, Running.SCHEDULED)


def run_state(group: Reconciled, *, live: Collection[MachineId]) -> Iterator[Finding]:
    """What does not run after the deploy. `live`: every machine that the app keeps."""
    after = group.after
    if is_down(group):
        yield _nothing_runs(group, after)
    else:
        yield from _stays_stopped(group)
    yield from _dangling(group, after, live)


def is_down(group: Reconciled) -> bool:
    """Whether the group has machines, but none of them runs or will run."""
    after = group.after
    return bool(after) and not any(machine.running in _SERVE for machine in after)


def _nothing_runs(group: Reconciled, after: Sequence[After]) -> Finding:
    standbys = sum(machine.running is Running.STANDBY for machine in after)
    resting = len(after) - standbys
    return warn(
        "nothing-runs",
        f"No machine of {ticked(group.group)} runs, or will run after this deploy: {_states(resting, standbys)}.",
        hint=f"Set `start = true` for it in flightplan.toml, or start one by hand: `fly machine start {_first(after)}`."
        if resting
        else f"A standby does no work. Give the group a machine that runs: `scale: {group.group}=1`.",
    )


def _states(resting: int, standbys: int) -> str:
    """For example: its only machine is stopped; 2 are stopped, 1 is a standby."""
    if resting + standbys == 1:
        return f"its only machine is {'stopped' if resting else 'a standby'}"
    said = [f"{resting} {'are' if resting > 1 else 'is'} stopped"] if resting else []
    said += [f"{standbys} {'are standbys' if standbys > 1 else 'is a standby'}"] if standbys else []
    return ", ".join(said)


def _first(after: Sequence[After]) -> str:
    ids = [machine.id for machine in after if machine.running is Running.RESTS and machine.id]
    return min(ids, default=MachineId("ID"))


def _stays_stopped(group: Reconciled) -> Iterator[Finding]:
    updates = [step for step in group.changes if isinstance(step, Update)]
    resting = [s for s in updates if not s.launch and not s.start and not s.config.get("standbys")]
    proven = bool(group.creates) or any(step.launch for step in updates)
    waits_for_time = not proven and all(step.config.get("schedule") for step in resting)
    if not resting:
        return
    many = len(resting) > 1
    suspended = sum(step.machine.state == "suspended" for step in resting)
    freed = [step.machine.id for step in resting if step.machine.config.get("standbys")]
    yield note(
        "stays-stopped",
        f"{len(resting)} stopped machine{'s' if many else ''} of {ticked(group.group)} {'are' if many else 'is'} updated "
        f"and stay{'' if many else 's'} stopped."
        + (f" {_suspended(suspended, of=len(resting))}" if suspended else "")
        + (f" {quoted(freed)} {'are' if len(freed) > 1 else 'is'} no standby any more." if freed else "")
        + ("" if proven else _NOT_PROVEN_BY[waits_for_time]),
        hint=""
        if waits_for_time
        else "Set `start = true` for it in flightplan.toml to have one started and checked."
        if freed or not proven
        else "",
    )


def _suspended(number: int, *, of: int) -> str:
    """An update discards the snapshot from which a suspended machine would resume."""
    who = f"{number} of them {'was' if number == 1 else 'were'}" if of > 1 else "It was"
    return f"{who} suspended: what {'it keeps' if number == 1 else 'they keep'} in memory is lost."


def _dangling(group: Reconciled, after: Sequence[After], live: Collection[MachineId]) -> Iterator[Finding]:
    """A standby of a machine that does not exist never starts."""
    for machine in after:
        primaries = standbys_of(machine.config)
        if machine.id and primaries and not any(name in live for name in primaries):
            yield warn(
                "standby-dangling",
                f"{ticked(machine.id)} of {ticked(group.group)} is a standby of {quoted(primaries)}, which is gone: it never starts.",
                hint=f"Destroy it (`fly machine destroy {machine.id}`), or make it a standby of a machine that runs.",
            )
