"""The figures as Markdown: a table a way of measuring, and a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.benchmarks.rollouts.cases import Case
from tests.benchmarks.rollouts.figures import Figures

HEAD = (
    "| machines | groups | strategy | boot | critical path | program | wall clock | ratio | requests a machine | lists | rounds before the "
    "first write | below full capacity | lost requests |\n|---:|---:|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|"
)


def to_table(figures: Iterable[Figures]) -> str:
    """A row a deploy."""
    return "\n".join([HEAD, *(to_row(one) for one in figures)])


def to_row(one: Figures) -> str:
    """One row."""
    case = one.case
    cells = (
        str(case.machines),
        str(case.groups),
        case.strategy,
        case.boot,
        f"{one.path:.1f} s",
        one.program,
        f"{one.wall:.1f} s",
        f"{one.ratio:.2f}",
        f"{one.requests:.1f}",
        str(one.lists),
        f"{one.rounds:.1f}",
        f"{one.below:.1f} s",
        f"{one.lost:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def to_chart(figures: Sequence[Figures]) -> str:
    """Wall clock as a multiple of the critical path. Mermaid names no series, so the title does."""
    cases = list(dict.fromkeys(one.case for one in figures))
    programs = list(dict.fromkeys(one.program for one in figures))
    found = {(one.case, one.program): one.ratio for one in figures}
    bars = [
        f"  {'bar' if place == 0 else 'line'} [{', '.join(f'{found.get((case, program), 0):.2f}' for case in cases)}]"
        for place, program in enumerate(reversed(programs))
    ]
    shown = {len(programs) == 1: programs[0], len(programs) > 1: f"bars {programs[-1]}, line {programs[0]}"}
    most = max((one.ratio for one in figures), default=1.0)
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'  title "Wall clock / critical path: {shown[True]}"',
            f"  x-axis [{', '.join(_label(case) for case in cases)}]",
            f'  y-axis "times the critical path" 0 --> {max(1.5, most * 1.05):.1f}',
            *bars,
            "```",
        ]
    )


def _label(case: Case) -> str:
    groups = f" in {case.groups}" if case.groups > 1 else ""
    strategy = "" if case.strategy == "rolling" else f" {case.strategy}"
    slow = " slow" if case.boot == "slow" else ""
    return f'"{case.machines}{groups}{strategy}{slow}"'
