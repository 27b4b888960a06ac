"""The order of a deploy, stage by stage, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.fleet.extras import CANARY
from entrypoint.planning.model.plan import Lane, Plan, Stage
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Step,
    Swap,
    machine_of,
)
from entrypoint.report.plan.forecasts import span
from entrypoint.report.plan.verbs import verb_of
from entrypoint.report.plan.verify_words import verify_line
from entrypoint.report.text.escape import Md, code
from entrypoint.report.text.names import name
from entrypoint.report.text.words import count, join

_NEW = Md("one")
"""A machine that has no id yet."""
MOST_GROUPS = 4
"""Groups that one sentence names."""


def order(plan: Plan) -> Iterator[Md]:
    """A sentence for each stage, with what it waits for. Each begins when the one before has passed."""
    before = ""
    for text, called in _stages(plan):
        yield Md(f"{text} · waits for {before}" if before else text)
        before = called


def _stages(plan: Plan) -> Iterator[tuple[str, str]]:
    """For each stage: what is done, and its name as what the next one waits for."""
    if plan.snapshots and plan.has_changes:
        yield f"snapshots of {count(len(plan.snapshots), 'volume')}", "the snapshots"
    if plan.release is not None and plan.has_changes:
        yield f"release command {code(plan.release.command)}, once", "the release command"
    if plan.growths:
        yield f"extend {count(len(plan.growths), 'volume')}", "the volumes"
    spans = plan.forecast.stages if plan.forecast else ()
    for number, stage in enumerate(plan.stages):
        took = f" · {span(spans[number])}" if number < len(spans) and spans[number].likely else ""
        lanes = (
            _lane(lane, [wave.steps for wave in lane.waves], asks=plan.asks_between) for lane in stage.lanes
        )
        yield f"{'; '.join(lanes)}{_way_back(stage)}{took}", _waited_for(stage)
        if stage.asks and plan.verify is not None:
            yield verify_line(plan.verify), "the answer"
    if plan.verify is not None and plan.has_changes and not plan.asks_between:
        yield verify_line(plan.verify), ""


def _waited_for(stage: Stage) -> str:
    groups = list(dict.fromkeys(lane.group for lane in stage.lanes))
    more = [f"{len(groups) - MOST_GROUPS} more groups"] if len(groups) > MOST_GROUPS + 1 else []
    return join([*(name(group) for group in (groups[:MOST_GROUPS] if more else groups)), *more])


def _way_back(stage: Stage) -> str:
    return "; from here on nothing is rolled back" if stage.forward else ""


def _lane(lane: Lane, waves: Sequence[tuple[Step, ...]], *, asks: bool) -> str:
    steps = [step for wave in waves for step in wave]
    own = dict.fromkeys(words for step in steps if (words := _own_words(step, asks=asks)))
    verbs = dict.fromkeys(_verb(step) for step in steps if not _own_words(step, asks=asks))
    said = [words.replace("GROUP", name(lane.group)) for words in own]
    if verbs:
        said.append(f"{join([Md(verb) for verb in verbs])} {name(lane.group)}")
    text = ", ".join(said)
    counted = [[step for step in wave if not isinstance(step, Cordon | Discard | Route)] for wave in waves]
    return text + _pace([wave for wave in counted if wave])


def _pace(waves: Sequence[Sequence[Step]]) -> str:
    """How many machines at a time; empty for one machine."""
    if sum(len(wave) for wave in waves) < 2:
        return ""
    if len(waves[0]) == 1:
        widest = max((len(wave) for wave in waves[1:]), default=0)
        first = step_name(waves[0][0])
        if widest > 1:
            return f": {first} alone first, then {widest} at a time"
        return f": 1 at a time{f', {first} first' if first != _NEW else ''}"
    return f": {max(len(wave) for wave in waves)} at a time"


def _own_words(step: Step, *, asks: bool) -> str:
    """What a strategy does in addition. GROUP stands for the group. `asks`: [verify] comes between the old machines' cordon and their end."""
    match step:
        case Create(extra=extra) if extra == CANARY:
            return "create a canary of GROUP and check it"
        case Create(extra=extra) if extra:
            return "create the new machines of GROUP, cordoned"
        case Discard():
            return "destroy it"
        case Route(machine=None):
            return "uncordon the new machines of GROUP"
        case Route():
            return "uncordon machines of GROUP"
        case Cordon() if asks:
            return "cordon the old machines of GROUP"
        case Destroy(swap=Swap.TAKEN_OVER) if asks:
            return "let the requests of the old machines of GROUP end, stop and destroy them"
        case Cordon() | Destroy(swap=Swap.TAKEN_OVER):
            return "cordon the old machines of GROUP, let their requests end, stop and destroy them"
        case _:
            return ""


def _verb(step: Step) -> str:
    """The verb of a step. The two steps of a replacement have the same."""
    return "replace" if isinstance(step, Create) and step.replaces is not None else verb_of(step)


def step_name(step: Step) -> Md:
    """The machine's id; "one" for a machine that does not exist yet."""
    if isinstance(step, Destroy):
        return code(step.id)
    machine = machine_of(step)
    return code(machine.id) if machine else _NEW
