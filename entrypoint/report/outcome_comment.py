"""How a deploy ended → Markdown, for a comment of its own and the summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from entrypoint.kernel.durations import seconds_in_words
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.escape import Md, code, inline, sentence
from entrypoint.report.forecasts import expected
from entrypoint.report.links import run_line, to_machine
from entrypoint.report.markdown import render
from entrypoint.report.mention import call
from entrypoint.report.short_image import short_image
from entrypoint.report.standing import standing
from entrypoint.report.timeline import timeline
from entrypoint.report.verify_words import verified_words
from entrypoint.report.volumes import volume_lines
from entrypoint.report.words import count, short_id
from entrypoint.rollout.outcome import (
    Halted,
    HaltKind,
    Outcome,
    ProofRow,
    ReleaseResult,
    RolledBack,
    StepStatus,
)

MOST_LINES = 40
MOST_DETAIL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow:
    """A touched machine: what became of the step, and of its undoing."""

    machine: Md
    group: Md
    region: Md
    became: Md
    then: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    """A machine that is not as planned."""

    machine: Md
    group: Md
    region: Md
    was: Md
    now: Md
    should: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """Everything that templates/outcome.md.j2 shows. Tables hold MOST_LINES rows at most; `more_…` counts the others."""

    title: Md
    proven: Md
    why: Md
    details: tuple[Md, ...]
    hint: Md
    call: Md
    """Whoever is to look at it; empty where all went well."""
    done: Md
    machines: tuple[MachineRow, ...]
    more_machines: int
    differences: tuple[DifferenceRow, ...]
    more_differences: int
    volumes: tuple[Md, ...]
    """One sentence for each volume and address that was made, saved or grown."""
    timeline: Md
    footer: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedView:
    """Everything that templates/blocked.md.j2 shows."""

    app: Md
    problems: Md
    reasons: tuple[Md, ...]
    call: Md
    footer: Md


def outcome_markdown(outcome: Outcome, run: RunContext, *, by: str) -> str:
    """What happened, why, what was done, what is where."""
    halted, proof = outcome.halted, outcome.proof
    machines = list(_machines(outcome)) if halted is not None else []
    differences = [_difference(row, outcome.plan.app) for row in proof.rows] if proof is not None else []
    view = OutcomeView(
        title=Md(f"{inline(outcome.plan.app)} · {_title(outcome)}"),
        proven=_proven(outcome) if halted is None else Md(""),
        why=_why(outcome, halted) if halted is not None else Md(""),
        details=tuple(inline(line) for line in halted.detail[:MOST_DETAIL]) if halted is not None else (),
        hint=sentence(halted.hint) if halted is not None else Md(""),
        call=Md("") if outcome.succeeded else call(run),
        timeline=timeline(outcome),
        done=_join(_what_was_done(outcome, halted), " ") if halted is not None else Md(""),
        machines=tuple(machines[:MOST_LINES]),
        more_machines=max(0, len(machines) - MOST_LINES),
        differences=tuple(differences[:MOST_LINES]),
        more_differences=max(0, len(differences) - MOST_LINES),
        volumes=tuple(volume_lines(outcome))[:MOST_LINES],
        footer=_footer(outcome, run, by),
    )
    return render("outcome.md.j2", view=view)


def blocked_markdown(plan: Plan, run: RunContext) -> str:
    """Reviewed, and still not executable."""
    view = BlockedView(
        app=inline(plan.app),
        problems=Md(count(len(plan.blockers), "problem")),
        reasons=tuple(
            Md(f"{sentence(f.message)}. {sentence(f.hint)}".strip()) for f in plan.blockers[:MOST_LINES]
        ),
        call=call(run),
        footer=run_line(run),
    )
    return render("blocked.md.j2", view=view)


def _title(outcome: Outcome) -> Md:
    image = outcome.plan.image.ref
    what = code(short_image(image)) if image else Md("")
    if outcome.halted is None:
        if outcome.proof is not None and outcome.proof.problems:
            return Md("deployed, but not as planned")
        forecast = expected(outcome.plan)
        beside = f" (expected: {forecast})" if forecast else ""
        return Md(f"deployed {what} in {seconds_in_words(outcome.seconds)}{beside}".replace("  ", " "))
    match outcome.halted.kind:
        case HaltKind.CANCELLED:
            return Md("cancelled")
        case HaltKind.DRIFT:
            return Md("not deployed: the fleet changed meanwhile")
        case HaltKind.RELEASE_FAILED:
            return Md("not deployed: the release command failed")
        case HaltKind.UNHEALTHY | HaltKind.REFUSED | HaltKind.UNPROVEN | HaltKind.UNVERIFIED:
            if not outcome.rolled_back:
                return Md("halted")
            return Md(
                "halted and rolled back" if outcome.is_rolled_back else "halted, and only partly rolled back"
            )
        case _:
            assert_never(outcome.halted.kind)


def _join(parts: Iterable[Md], between: str) -> Md:
    return Md(between.join(part for part in parts if part))


def _proven(outcome: Outcome) -> Md:
    proof = outcome.proof
    if proof is None:
        return Md("")
    kept = [
        Md(f"{code(group)} never below {fewest} of {running}")
        for group, fewest, running in outcome.lowest_running
        if running > 1
    ]
    text = f"{proof.verified} of {proof.expected} machines verified."
    verified = verified_words(outcome.verified) if outcome.verified is not None else Md("")
    return _join((Md(text), Md(f"{_join(kept, '; ')}." if kept else ""), verified), " ")


def _why(outcome: Outcome, halted: Halted) -> Md:
    message = halted.message if halted.message.endswith((".", "!")) else f"{halted.message}."
    return Md(f"{_where(outcome, halted)}{sentence(message)}")


def _where(outcome: Outcome, halted: Halted) -> Md:
    """`web` `148ed21a031189` in `ams`: …"""
    regions = [r.step.region for r in outcome.results if r.machine == halted.machine and r.step.region]
    parts = [code(name) for name in (halted.group, halted.machine) if name]
    if halted.machine and regions:
        parts.append(Md(f"in {code(regions[0])}"))
    return Md(f"{_join(parts, ' ')}: ") if parts else Md("")


def _what_was_done(outcome: Outcome, halted: Halted) -> Iterator[Md]:
    touched = [r for r in outcome.results if r.status is not StepStatus.SKIPPED]
    if outcome.rolled_back:
        yield from _put_back(outcome)
    elif (
        halted.kind in (HaltKind.UNHEALTHY, HaltKind.REFUSED, HaltKind.UNPROVEN, HaltKind.UNVERIFIED)
        and touched
    ):
        yield Md(
            "Nothing was rolled back: the new machines had taken over. Run it again: it goes on where it stopped."
            if outcome.is_forward
            else "Nothing was rolled back (on-failure: hold, or there was nothing to put back)."
        )
    yield standing(outcome)
    if halted.kind is HaltKind.CANCELLED and touched:
        yield Md("Run it again: it goes on where it stopped.")
    untouched = sum(r.status is StepStatus.SKIPPED for r in outcome.results)
    if touched and untouched:
        yield Md(f"{count(untouched, 'step')} {'was' if untouched == 1 else 'were'} never begun.")
    if outcome.release is not None:
        yield _release(outcome.release)
    if outcome.leases_left:
        yield Md(f"{count(outcome.leases_left, 'lease')} could not be given back and will lapse within 30 s.")


def _put_back(outcome: Outcome) -> Iterator[Md]:
    good = [r for r in outcome.rolled_back if r.restored]
    restored = sum(r.action in ("restored", "stopped again") for r in good)
    routed = sum(r.action == "in routing again" for r in good)
    destroyed = sum(r.action == "destroyed" for r in good)
    if restored:
        yield Md(f"{count(restored, 'touched machine')} {'is' if restored == 1 else 'are'} back as recorded.")
    if routed:
        yield Md(f"{count(routed, 'old machine')} {'gets' if routed == 1 else 'get'} requests again.")
    if destroyed:
        made = f"{count(destroyed, 'machine')} made by this rollout"
        yield Md(f"{made} {'was' if destroyed == 1 else 'were'} destroyed again.")


def _release(release: ReleaseResult) -> Md:
    if release.exit_code == 0 and release.adopted and release.machine is None:
        return Md("The release command had succeeded for this commit before, and was not run again.")
    if release.exit_code == 0:
        return Md("The release command ran and is not undone.")
    command = f"The release command {code(release.command)}"
    if release.exit_code is not None:
        memory = ", out of memory" if release.oom_killed else ""
        return Md(f"{command} ended with exit code {release.exit_code}{memory}.")
    if release.ended:
        return Md(f"{command} ended, and Fly does not say with which code.")
    return Md(f"{command} did not end in time.")


def _machines(outcome: Outcome) -> Iterator[MachineRow]:
    undone = {item.machine: item for item in outcome.rolled_back}
    for result in sorted(outcome.results, key=lambda result: result.status is StepStatus.DONE):
        if result.status is StepStatus.SKIPPED or result.machine is None:
            continue
        back = undone.get(result.machine)
        why = f": {inline(result.why)}" if result.why else ""
        yield MachineRow(
            machine=to_machine(outcome.plan.app, result.machine),
            group=code(result.step.group),
            region=code(result.step.region or "any"),
            became=Md(f"{result.status.value}{why}"),
            then=_fate(back) if back else Md(""),
        )


def _fate(item: RolledBack) -> Md:
    if not item.restored:
        return Md(f"**not {item.action}**: {inline(item.why)}")
    return Md(item.action) if item.healthy else Md(f"{item.action}, **not healthy**: {inline(item.why)}")


def _difference(row: ProofRow, app: AppName) -> DifferenceRow:
    return DifferenceRow(
        machine=to_machine(app, row.machine),
        group=code(row.group),
        region=code(row.region or "any"),
        was=inline(row.was),
        now=inline(row.now),
        should=inline(row.should),
    )


def _footer(outcome: Outcome, run: RunContext, by: str) -> Md:
    version = outcome.release_version
    parts = (
        Md(f"plan {code(short_id(outcome.plan.digests.plan))}"),
        Md(f"release v{version}" if version is not None else ""),
        Md(f"approved by {inline(by)}" if by else ""),
        Md(f"[run]({run.run_url})" if run.run_url else ""),
    )
    return Md(f"<sub>{_join(parts, ' · ')}</sub>")
