"""Plans and refusals on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.planning.model.plan import ImageSource, Plan
from entrypoint.planning.model.steps import Destroy, Step, is_done, machine_of
from entrypoint.report.costs import cost_words
from entrypoint.report.created import Created, created
from entrypoint.report.escape import plain
from entrypoint.report.forecasts import duration
from entrypoint.report.short_image import shown_images
from entrypoint.report.verbs import is_shown, verb_of
from entrypoint.report.verify_words import verify_words
from entrypoint.report.views import headline
from entrypoint.report.words import short_id
from entrypoint.rollout.outcome import Halted

_MARKS = {Severity.ERROR: "cannot deploy: ", Severity.WARNING: "warning: ", Severity.NOTICE: ""}


def plan_text(plan: Plan, findings: Sequence[Finding]) -> str:
    """The plan in a few lines a group."""
    said = [
        f"  {_MARKS[finding.severity]}{plain(finding.message)}{f' {plain(finding.hint)}' if finding.hint else ''}"
        for finding in (*findings, *plan.blockers, *plan.findings)
    ]
    steps = [
        f"  {wave:3}  {plain(step.group):12} {_machine(step):16} {step.region:4} {verb_of(step):8} {plain(step.reason)}"
        for wave, step in plan.steps()
        if not is_done(step) and is_shown(step)
    ]
    if plan.verify is not None and plan.has_changes:
        steps.append(f"   in the end: {plain(verify_words(plan.verify))}")
    image = _image(plan)
    costs = cost_words(plan.cost) if plan.cost else ""
    image += f"\ncost   {costs}" if costs else ""
    took = duration(plan)
    image += f"\ntime   {took}" if took else ""
    head = f"{plan.app}  plan {short_id(plan.digests.plan)}  {headline(plan)}\n{image}"
    made = "\n".join(line for item in created(plan) for line in _made(item))
    parts = (head, "\n".join(said), "\n".join(steps), made, f"digest {plan.digests.plan}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _made(item: Created) -> Iterator[str]:
    where = ", ".join(f"{n} in {region or 'any region'}" for region, n in item.regions)
    yield f"  new in {plain(item.group)}: {where}"
    for name, values in item.facts:
        yield f"    {name:9} {', '.join(plain(value) for value in values)}"


def _image(plan: Plan) -> str:
    """From what to what, with the digest that is written."""
    if plan.image.source is ImageSource.BUILT_ON_MERGE:
        return "image  built on merge"
    olds, new = shown_images(plan.live_images[:3], plan.image.ref)
    before = plain(", ".join(olds)) or "none"
    if plan.image.ref is None:
        return f"image  {before} stays"
    digest = f" ({plain(plan.image.digest[:19])}…)" if plan.image.digest else ""
    return f"image  {before} → {plain(new)}{digest}"


def halt_text(halted: Halted) -> str:
    """Why a rollout stopped, and what the machine or Fly said."""
    where = " ".join(part for part in (halted.group, halted.machine) if part)
    lines = [f"{where}: {plain(halted.message)}" if where else plain(halted.message)]
    return "\n".join([*lines, *(f"  {plain(line)}" for line in halted.detail)])


def _machine(step: Step) -> str:
    if isinstance(step, Destroy):
        return step.id
    machine = machine_of(step)
    return machine.id if machine else "(new)"
