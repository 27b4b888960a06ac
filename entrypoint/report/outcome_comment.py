"""How a deploy ended → Markdown, below the plan in the same comment and in the summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.escape import Md, code, inline, sentence
from entrypoint.report.short_image import short_image
from entrypoint.report.words import count, seconds, short_id
from entrypoint.rollout.outcome import Halted, HaltKind, Outcome, ProofRow, RolledBack, StepStatus

MOST_LINES = 40
MOST_DETAIL = 5


def outcome_markdown(outcome: Outcome, run: RunContext, *, by: str) -> str:
    """What happened, why, what was done, what is where."""
    parts = [
        f"### {inline(outcome.plan.app)} · {_title(outcome)}",
        *_body(outcome),
        *_footer(outcome, run, by),
    ]
    return "\n\n".join(parts) + "\n"


def blocked_markdown(plan: Plan, run: RunContext) -> str:
    """Reviewed, and still not executable."""
    lines = [f"- {sentence(f.message)}. {sentence(f.hint)}" for f in plan.blockers[:MOST_LINES]]
    parts = [f"### {inline(plan.app)} · not deployed", "Nothing was written:", "\n".join(lines), _sub(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(outcome: Outcome) -> Md:
    image = outcome.plan.image.ref
    what = code(short_image(image)) if image else Md("")
    if outcome.halted is None:
        if outcome.proof is not None and outcome.proof.problems:
            return Md("deployed, but not as planned")
        return Md(f"deployed {what} in {seconds(outcome.seconds)}".replace("  ", " "))
    match outcome.halted.kind:
        case HaltKind.CANCELLED:
            return Md("cancelled")
        case HaltKind.DRIFT:
            return Md("not deployed: the fleet changed meanwhile")
        case HaltKind.RELEASE_FAILED:
            return Md("not deployed: the release command failed")
        case HaltKind.UNHEALTHY | HaltKind.REFUSED | HaltKind.UNPROVEN:
            if not outcome.rolled_back:
                return Md("halted")
            return Md(
                "halted and rolled back" if outcome.is_rolled_back else "halted, and only partly rolled back"
            )
        case _:
            assert_never(outcome.halted.kind)


def _body(outcome: Outcome) -> Iterator[str]:
    if outcome.halted is not None:
        yield _why(outcome)
        yield from _what_was_done(outcome)
        yield from _machines(outcome)
        if outcome.proof is not None:
            yield from _rows(outcome.proof.rows)
    elif outcome.proof is not None:
        yield _proof_line(outcome)
        yield from _rows(outcome.proof.rows)


def _proof_line(outcome: Outcome) -> str:
    assert outcome.proof is not None
    kept = [
        f"{code(group)} never below {fewest} of {running}"
        for group, fewest, running in outcome.lowest_running
        if running > 1
    ]
    text = f"{outcome.proof.verified} of {outcome.proof.expected} machines verified."
    return f"{text} {'; '.join(kept)}." if kept else text


def _why(outcome: Outcome) -> str:
    halted = outcome.halted
    assert halted is not None
    message = halted.message if halted.message.endswith((".", "!")) else f"{halted.message}."
    lines = [f"**{_where(outcome, halted)}{sentence(message)}**"]
    lines += [f"- {inline(line)}" for line in halted.detail[:MOST_DETAIL]]
    if halted.hint:
        lines.append(f"\n{sentence(halted.hint)}")
    return "\n".join(lines)


def _where(outcome: Outcome, halted: Halted) -> str:
    """`web` `148ed21a031189` in `ams`: …"""
    regions = [r.step.region for r in outcome.results if r.machine == halted.machine and r.step.region]
    parts = [code(name) for name in (halted.group, halted.machine) if name]
    if halted.machine and regions:
        parts.append(Md(f"in {code(regions[0])}"))
    return f"{' '.join(parts)}: " if parts else ""


def _what_was_done(outcome: Outcome) -> Iterator[str]:
    halted = outcome.halted
    assert halted is not None
    touched = [r for r in outcome.results if r.status is not StepStatus.SKIPPED]
    said = []
    if outcome.rolled_back:
        good = [r for r in outcome.rolled_back if r.restored]
        restored = sum(r.action in ("restored", "stopped again") for r in good)
        destroyed = sum(r.action == "destroyed" for r in good)
        if restored:
            said.append(
                f"{count(restored, 'touched machine')} {'is' if restored == 1 else 'are'} back as recorded."
            )
        if destroyed:
            said.append(
                f"{count(destroyed, 'machine')} made by this rollout {'was' if destroyed == 1 else 'were'} destroyed again."
            )
    elif halted.kind in (HaltKind.UNHEALTHY, HaltKind.REFUSED, HaltKind.UNPROVEN) and touched:
        said.append("Nothing was rolled back (on-failure: hold, or there was nothing to put back).")
    if halted.kind is HaltKind.CANCELLED and touched:
        said.append("Run it again: it goes on where it stopped.")
    untouched = sum(r.status is StepStatus.SKIPPED for r in outcome.results)
    if touched and untouched:
        said.append(f"{count(untouched, 'step')} {'was' if untouched == 1 else 'were'} never begun.")
    if outcome.release is not None:
        said.append(
            "The release command had succeeded for this commit before, and was not run again."
            if outcome.release.exit_code == 0 and outcome.release.adopted and outcome.release.machine is None
            else "The release command ran and is not undone."
            if outcome.release.exit_code == 0
            else f"The release command {code(outcome.release.command)} "
            + (
                f"ended with exit code {outcome.release.exit_code}."
                if outcome.release.exit_code is not None
                else "ended, and Fly does not say with which code."
                if outcome.release.ended
                else "did not end in time."
            )
        )
    if outcome.leases_left:
        said.append(
            f"{count(outcome.leases_left, 'lease')} could not be given back and will lapse within 30 s."
        )
    if said:
        yield " ".join(said)


def _machines(outcome: Outcome) -> Iterator[str]:
    """The touched machines: what became of the step, and of its undoing."""
    undone = {item.machine: item for item in outcome.rolled_back}
    lines = []
    for result in outcome.results:
        if result.status is StepStatus.SKIPPED or result.machine is None:
            continue
        back = undone.get(result.machine)
        fate = _fate(back) if back else inline("")
        lines.append(
            f"| {code(result.machine)} | {code(result.step.group)} | {code(result.step.region or 'any')} "
            f"| {result.status.value}{f': {inline(result.why)}' if result.why else ''} | {fate} |"
        )
    if lines:
        cut = [f"\n… and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
        yield "\n".join(
            [
                "| machine | group | region | what became of it | and then |",
                "|---|---|---|---|---|",
                *lines[:MOST_LINES],
                *cut,
            ]
        )


def _fate(item: RolledBack) -> Md:
    if not item.restored:
        return Md(f"**not {item.action}**: {inline(item.why)}")
    return Md(item.action) if item.healthy else Md(f"{item.action}, **not healthy**: {inline(item.why)}")


def _rows(rows: tuple[ProofRow, ...]) -> Iterator[str]:
    if not rows:
        return
    lines = ["| machine | group | region | was | is | should be |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {code(r.machine)} | {code(r.group)} | {code(r.region or 'any')} | {inline(r.was)} | {inline(r.now)} | {inline(r.should)} |"
        for r in rows[:MOST_LINES]
    ]
    if len(rows) > MOST_LINES:
        lines.append(f"\n… and {len(rows) - MOST_LINES} more")
    yield "\n".join(lines)


def _footer(outcome: Outcome, run: RunContext, by: str) -> Iterator[str]:
    released = f"release v{outcome.release_version}" if outcome.release_version is not None else ""
    parts = [
        f"plan {code(short_id(outcome.plan.digests.plan))}",
        released,
        f"approved by {inline(by)}" if by else "",
        f"[run]({run.run_url})" if run.run_url else "",
    ]
    yield f"<sub>{' · '.join(part for part in parts if part)}</sub>"


def _sub(run: RunContext) -> str:
    return f"<sub>[run]({run.run_url})</sub>" if run.run_url else ""
