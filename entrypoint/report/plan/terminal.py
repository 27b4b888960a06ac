"""Plans and halts as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.run import Look
from entrypoint.planning.model.image import ImageSource
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.steps import Create, Destroy, FieldChange, Step, Update, is_done, machine_of
from entrypoint.report.plan import danger
from entrypoint.report.plan.costs import cost_words
from entrypoint.report.plan.created import created_in
from entrypoint.report.plan.field_changes import change_lines
from entrypoint.report.plan.forecasts import duration
from entrypoint.report.plan.headline import headline
from entrypoint.report.plan.notes import IN_THE_IMAGE_LINE, tag_may_move
from entrypoint.report.plan.table import and_start, by_reason
from entrypoint.report.plan.verbs import is_shown, verb_of
from entrypoint.report.plan.verify_words import verify_words
from entrypoint.report.text.escape import one_line, plain
from entrypoint.report.text.paint import Ink, Paint
from entrypoint.report.text.short_image import short_image, shown_images, stays
from entrypoint.report.text.words import count, join, short_id
from entrypoint.rollout.outcome import Halted

_INKS = {Severity.ERROR: Ink.RED, Severity.WARNING: Ink.YELLOW, Severity.NOTICE: Ink.FAINT}
_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_SIGNS = {"create": "+", "canary": "+", "destroy": "-", "replace": "±", "swap": "±", "remove": "-"}
_SIGN_INKS = {"+": Ink.GREEN, "-": Ink.RED, "±": Ink.YELLOW, "~": Ink.YELLOW}
MOST_IDS = 6
"""Machines that a line names. All destroyed machines are named."""


def plan_text(plan: Plan, findings: Sequence[Finding], *, look: Look, in_review: bool = False) -> str:
    """The verdict, the findings, each group in each region with its field changes, and what to do next."""
    paint = Paint(on=look.color)
    parts = (
        "\n".join(_head(plan, paint)),
        "\n".join(line for finding in _ranked(plan, findings) for line in _finding(finding, paint)),
        "\n\n".join("\n".join(_group(group, paint)) for group in plan.groups if _ahead(group)),
        "\n".join(_steps(plan, paint)) if look.detail else "",
        "\n".join(_end(plan, paint, in_review=in_review)),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(plan: Plan, paint: Paint) -> Iterator[str]:
    verdict = _verdict(plan)
    ink = Ink.RED if plan.blockers or danger.taken(plan) else Ink.GREEN if plan.has_changes else Ink.BOLD
    yield f"{paint(plain(plan.app), Ink.BOLD)}  {paint(verdict, Ink.BOLD, ink)}"
    if plan.note:
        yield f"  flightplan.toml says: {plain(plan.note)}"
    yield f"  {_image(plan)}"
    if costs := (cost_words(plan.cost) if plan.cost else ""):
        yield f"  cost   {costs}"
    if took := duration(plan):
        yield f"  time   {took}"


def _verdict(plan: Plan) -> str:
    if danger.is_refused(plan):
        return f"cannot deploy: would {headline(plan)}"
    if plan.blockers:
        return f"cannot deploy: {count(len(plan.blockers), 'problem')}"
    return headline(plan)


def _ranked(plan: Plan, findings: Sequence[Finding]) -> list[Finding]:
    """The findings in their order: blockers, warnings, notices."""
    order = list(_INKS)
    said = [finding for finding in plan.findings if finding.rule != IN_THE_IMAGE_LINE]
    return sorted((*plan.blockers, *findings, *said), key=lambda found: order.index(found.severity))


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    message = plain(finding.message).rstrip(".")
    place = f" ({plain(finding.file)}:{finding.span.line})" if finding.file and finding.span else ""
    yield f"{paint(f'{_WORDS[finding.severity]}:', Ink.BOLD, _INKS[finding.severity])} {message}{place}"
    if finding.hint:
        yield f"  {plain(finding.hint)}"


def _ahead(group: GroupPlan) -> list[Step]:
    return [step for step in group.steps if not is_done(step) and is_shown(step)]


def _group(group: GroupPlan, paint: Paint) -> Iterator[str]:
    """For example: web  ams  2 → 2  update 2: command, image"""
    steps = _ahead(group)
    for region, counts in group.regions:
        here = [step for step in steps if step.region == region]
        number = f"{counts.now or '–'} → {counts.after}"
        for index, (verb, reason, same) in enumerate(_by_verb(here)):
            sign = _SIGNS.get(verb, "~")
            name = f"{plain(group.name)} {region or 'any region'}"
            where = f"{name}  {number}" if index == 0 else " " * len(f"{name}  {number}")
            yield f"{paint(f'  {sign} ', _SIGN_INKS[sign])}{paint(where, Ink.BOLD)}  {verb} {len(same)}{and_start(same)}: {plain(reason)}"
            if ids := _ids(same):
                yield f"      {paint(ids, Ink.FAINT)}"
    parts = list(_changes(steps))
    for changes, same in parts:
        if len(parts) > 1 or len(same) < len(steps):
            yield f"      {count(len(same), 'machine')}: {paint(_ids(same), Ink.FAINT)}"
        yield from _diff(changes, paint)
    for item in created_in(group):
        yield from (
            f"      {paint('+', Ink.GREEN)} {name:9} {', '.join(plain(value) for value in values)}"
            for name, values in item.facts
        )


def _by_verb(steps: Sequence[Step]) -> Iterator[tuple[str, str, list[Step]]]:
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(verb_of(step), []).append(step)
    for verb, same in found.items():
        for reason, alike in by_reason(same):
            yield verb, reason, alike


def _ids(steps: Sequence[Step]) -> str:
    """All ids of destroyed machines, with the volumes that they leave behind; of others, the first few."""
    ids = [plain(id_) for step in steps if (id_ := _machine(step))]
    volumes = [plain(volume) for step in steps if isinstance(step, Destroy) for volume in step.volumes]
    shown = ids if any(isinstance(step, Destroy) for step in steps) else ids[:MOST_IDS]
    more = f" and {len(ids) - len(shown)} more" if len(ids) > len(shown) else ""
    left = f"; leaves {join(volumes)} attached to nothing" if volumes else ""
    return f"{', '.join(shown)}{more}{left}"


def _changes(steps: Sequence[Step]) -> Iterator[tuple[tuple[FieldChange, ...], list[Step]]]:
    """Each set of field changes once, with its machines."""
    alike: dict[tuple[str, ...], tuple[tuple[FieldChange, ...], list[Step]]] = {}
    for step in steps:
        if isinstance(step, Update | Create) and step.changes:
            alike.setdefault(tuple(change_lines(step.changes)), (step.changes, []))[1].append(step)
    yield from alike.values()


def _diff(changes: Sequence[FieldChange], paint: Paint) -> Iterator[str]:
    inks = {"+": Ink.GREEN, "-": Ink.RED, "~": Ink.YELLOW}
    for line in change_lines(changes):
        sign, text = line[:1], one_line(line).strip()
        indent = "        " if sign in inks else "      "
        yield f"{indent}{paint(text, inks[sign]) if sign in inks else text}"


def _steps(plan: Plan, paint: Paint) -> Iterator[str]:
    """For --detail: one row for each machine, by wave."""
    yield paint("In this order (wave, group, machine, region, what, why):", Ink.BOLD)
    for wave, step in plan.steps():
        if not is_done(step) and is_shown(step):
            yield (
                f"  {wave:3}  {plain(step.group):12} {_machine(step) or '(new)':16} {step.region:4} "
                f"{verb_of(step):8} {plain(step.reason)}"
            )
    for group in plan.groups:
        for kept in group.kept:
            yield (
                f"    –  {plain(group.name):12} {kept.machine.id:16} {kept.machine.region:4} keep     {plain(kept.reason)}"
            )


def _end(plan: Plan, paint: Paint, *, in_review: bool) -> Iterator[str]:
    if plan.verify is not None and plan.has_changes:
        yield f"At the end: {plain(verify_words(plan.verify))}"
    yield f"Plan {short_id(plan.digests.plan)}, digest {plan.digests.plan}"
    yield f"{paint('Next:', Ink.BOLD)} {_next(plan, in_review=in_review)}"


def _next(plan: Plan, *, in_review: bool) -> str:
    if danger.is_refused(plan):
        return f"to allow it, set allow-destroy: {danger.needed(plan).value}. Then plan again."
    if plan.blockers:
        return "fix what is marked error, then plan again."
    if not plan.has_changes:
        return "nothing; the fleet is as the files ask."
    if in_review:
        return "review it in the pull request: the merge deploys what it shows."
    return "open a pull request: its merge deploys what its review showed. Or deploy with gate: none."


def _image(plan: Plan) -> str:
    """The old and the new image, with the digest that is written."""
    if plan.image.source is ImageSource.BUILT_ON_MERGE:
        return "image  built on merge"
    if stays(plan.live_images, plan.image.digest):
        return f"image  {plain(short_image(plan.live_images[0]))} stays"
    olds, new = shown_images(plan.live_images[:3], plan.image.ref)
    before = plain(", ".join(olds)) or "none"
    if plan.image.ref is None:
        return f"image  {before} stays" if olds else "image  none"
    now = " now; a tag may move: give the digest to be sure" if tag_may_move(plan) else ""
    digest = f" ({plain(plan.image.digest[:19])}…{now})" if plan.image.digest else ""
    return f"image  {before} → {plain(new)}{digest}"


def halt_text(halted: Halted) -> str:
    """Why a rollout stopped, with what the machine or Fly reported."""
    where = " ".join(part for part in (halted.group, halted.machine) if part)
    lines = [f"{where}: {plain(halted.message)}" if where else plain(halted.message)]
    return "\n".join([*lines, *(f"  {plain(line)}" for line in halted.detail)])


def _machine(step: Step) -> str:
    if isinstance(step, Destroy):
        return step.id
    machine = machine_of(step)
    return machine.id if machine else ""
