"""The outcome of a deploy → Markdown, for a comment of its own and the job summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from entrypoint.kernel.durations import seconds_in_words
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.outcome.timeline import timeline
from entrypoint.report.outcome_done import release_words, tells_of_release, what_was_done
from entrypoint.report.outcome_rows import DifferenceRow, MachineRow, difference_row, machine_rows
from entrypoint.report.plan.forecasts import expected
from entrypoint.report.plan.verify_words import verified_words
from entrypoint.report.plan.volumes import volume_lines
from entrypoint.report.text.escape import Md, code, inline, sentence
from entrypoint.report.text.links import run_line
from entrypoint.report.text.markdown import render
from entrypoint.report.text.mention import call
from entrypoint.report.text.short_image import short_image
from entrypoint.report.text.words import count, short_id
from entrypoint.rollout.outcome import (
    Halted,
    HaltKind,
    Outcome,
)

TEMPLATE = "outcome.md.j2"
MOST_LINES = 40
MOST_DETAIL = 5
_PULL_REQUESTS = re.compile(r"#\d+(?:(?:, | and )#\d+)*")
"""Pull requests in our own text, which GitHub may link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """Everything that templates/outcome.md.j2 shows. A table has at most MOST_LINES rows; `more_…` counts the others."""

    title: Md
    proven: Md
    why: Md
    details: tuple[Md, ...]
    hint: Md
    call: Md
    """A sentence that mentions a person who should look at it; empty if all went well."""
    done: Md
    machines: tuple[MachineRow, ...]
    has_undone: bool
    """Whether any machine was rolled back."""
    more_machines: int
    differences: tuple[DifferenceRow, ...]
    more_differences: int
    volumes: tuple[Md, ...]
    """One sentence for each volume that was created, saved or made larger, and for each address."""
    timeline: Md
    footer: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedView:
    """Everything that templates/blocked.md.j2 shows."""

    title: Md
    reasons: tuple[Md, ...]
    call: Md
    footer: Md


def outcome_markdown(outcome: Outcome, run: RunContext, *, by: str) -> str:
    """What happened, why, what was done, and the state of the machines."""
    halted, proof = outcome.halted, outcome.proof
    machines = list(machine_rows(outcome)) if halted is not None else []
    differences = [difference_row(row, outcome.plan.app) for row in proof.rows] if proof is not None else []
    view = OutcomeView(
        title=Md(f"{inline(outcome.plan.app)} · {_title(outcome)}"),
        proven=_proven(outcome) if halted is None else Md(""),
        why=_why(outcome, halted) if halted is not None else Md(""),
        details=tuple(inline(line) for line in halted.detail[:MOST_DETAIL]) if halted is not None else (),
        hint=_hint(outcome, halted) if halted is not None else Md(""),
        call=Md("") if outcome.succeeded else call(run),
        timeline=timeline(outcome),
        done=_join(what_was_done(outcome, halted), " ") if halted is not None else Md(""),
        machines=tuple(machines[:MOST_LINES]),
        has_undone=any(row.then for row in machines),
        more_machines=max(0, len(machines) - MOST_LINES),
        differences=tuple(differences[:MOST_LINES]),
        more_differences=max(0, len(differences) - MOST_LINES),
        volumes=tuple(volume_lines(outcome))[:MOST_LINES],
        footer=_footer(outcome, run, by),
    )
    return render(TEMPLATE, view=view)


def blocked_markdown(plan: Plan, run: RunContext, *, is_merged: bool = True) -> str:
    """A reviewed plan that cannot be executed. `is_merged`: False in a merge queue."""
    result = "not deployed" if is_merged else "not ready to merge"
    view = BlockedView(
        title=Md(f"{inline(plan.app)} · {result}: {count(len(plan.blockers), 'problem')}"),
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
        return Md(f"deployed {what} in {seconds_in_words(outcome.seconds)}".replace("  ", " "))
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
    silent = _silent(proof.silent)
    verified = verified_words(outcome.verified) if outcome.verified is not None else Md("")
    forecast = expected(outcome.plan)
    took = Md(f"The plan expected {forecast}." if forecast else "")
    return _join((Md(text), silent, Md(f"{_join(kept, '; ')}." if kept else ""), verified, took), " ")


def _silent(machines: Sequence[MachineId]) -> Md:
    if not machines:
        return Md("")
    stays, its = ("is", "its host does") if len(machines) == 1 else ("are", "their hosts do")
    names = _join((code(machine) for machine in machines), ", ")
    left = f"{count(len(machines), 'machine')} {stays} unchanged, because {its} not answer"
    return Md(f"{left}: {names}.")


def _why(outcome: Outcome, halted: Halted) -> Md:
    if halted.kind is HaltKind.RELEASE_FAILED and outcome.release and tells_of_release(outcome, halted):
        return Md(f"{release_words(outcome.release)} No machine was changed.")
    message = halted.message if halted.message.endswith((".", "!")) else f"{halted.message}."
    return Md(f"{_where(outcome, halted)}{sentence(message)}")


def _hint(outcome: Outcome, halted: Halted) -> Md:
    """What to do; for a machine that failed, where its log is."""
    if halted.hint or halted.machine is None or halted.kind is not HaltKind.UNHEALTHY:
        return sentence(halted.hint)
    logs = code(f"fly logs -a {outcome.plan.app} -i {halted.machine}")
    memory = any("out of memory" in text for text in (halted.message, *halted.detail))
    more = (
        f" Give {code(halted.group or '')} more memory in fly.toml: {code('[[vm]] memory')}."
        if memory
        else ""
    )
    return Md(f"What it printed: {logs}.{more}")


def _where(outcome: Outcome, halted: Halted) -> Md:
    """For example: `web` `148ed21a031189` in `ams`:"""
    regions = [r.step.region for r in outcome.results if r.machine == halted.machine and r.step.region]
    parts = [code(word) for word in (halted.group, halted.machine) if word]
    if halted.machine and regions:
        parts.append(Md(f"in {code(regions[0])}"))
    return Md(f"{_join(parts, ' ')}: ") if parts else Md("")


def _footer(outcome: Outcome, run: RunContext, by: str) -> Md:
    version = outcome.release_version
    parts = (
        Md(f"plan {code(short_id(outcome.plan.digests.plan))}"),
        Md(f"release v{version}" if version is not None else ""),
        Md(f"approved by {by if _PULL_REQUESTS.fullmatch(by) else inline(by)}" if by else ""),
        Md(f"[run]({run.run_url})" if run.run_url else ""),
    )
    return Md(f"<sub>{_join(parts, ' · ')}</sub>")
