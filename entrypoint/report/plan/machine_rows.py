"""The list of all machines in a plan comment: what happens to each, and why."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.ids import AppName
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.steps import Create, Destroy, Step, is_done, machine_of
from entrypoint.report.plan.verbs import is_shown, verb_of
from entrypoint.report.text.escape import Md, code, inline
from entrypoint.report.text.links import to_machine
from entrypoint.report.text.names import name

MachineRow = tuple[Md, Md, Md, Md, Md, Md]


def touched_machines(plan: Plan) -> Iterator[MachineRow]:
    """Rows of the machines that have a step: machine, what, why, group, region, state."""
    for group in plan.groups:
        for step in filter(is_shown, group.steps):
            yield _touched(plan.app, group, step)


def kept_machines(plan: Plan) -> Iterator[MachineRow]:
    """Rows of the machines that are not changed."""
    for group in plan.groups:
        for kept in group.kept:
            yield (
                to_machine(plan.app, kept.machine.id),
                Md("unchanged"),
                inline(kept.reason),
                name(group.name),
                code(kept.machine.region),
                inline(kept.machine.state),
            )


def _touched(app: AppName, group: GroupPlan, step: Step) -> MachineRow:
    live = machine_of(step)
    return (
        _name(app, step),
        Md(f"{verb_of(step)}{' (done before the interruption)' if is_done(step) else ''}"),
        inline(step.reason),
        name(group.name),
        code(step.region) if step.region else Md("any"),
        inline(live.state) if live else Md(""),
    )


def _name(app: AppName, step: Step) -> Md:
    if isinstance(step, Create):
        return to_machine(app, step.done) if step.done is not None else Md("new")
    if isinstance(step, Destroy):
        return to_machine(app, step.id)
    machine = machine_of(step)
    return to_machine(app, machine.id) if machine else Md("new")
