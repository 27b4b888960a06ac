"""The state of a canary or blue-green rollout that ended early: which extra machines exist, and which machines get requests."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.fleet.extras import CANARY
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, Route, Swap, is_done
from entrypoint.report.text.escape import Md
from entrypoint.report.text.words import count
from entrypoint.rollout.outcome import Outcome, StepResult, StepStatus


def standing(outcome: Outcome) -> Md:
    """One sentence; empty if the strategy creates no extra machines, or a rollback has destroyed them."""
    if outcome.rolled_back:
        return Md("")
    begun = [r for r in outcome.results if r.status is not StepStatus.SKIPPED or is_done(r.step)]
    return _canaries(begun) or _colours(begun)


def _canaries(begun: Sequence[StepResult]) -> Md:
    made = sum(_exists(r) and isinstance(r.step, Create) and r.step.extra == CANARY for r in begun)
    made -= sum(isinstance(r.step, Discard) and r.status is StepStatus.DONE for r in begun)
    if made <= 0:
        return Md("")
    return Md(
        f"{_stand(made, 'canary machine')} beside the others and {'gets' if made == 1 else 'get'} no requests; the next run continues with {_it(made)} or destroys {_it(made)}."
    )


def _colours(begun: Sequence[StepResult]) -> Md:
    made = sum(_exists(r) and isinstance(r.step, Create) and r.step.extra not in ("", CANARY) for r in begun)
    if not made:
        return Md("")
    old = [r.step for r in begun if isinstance(r.step, Cordon)]
    gone = sum(
        isinstance(r.step, Destroy)
        and r.step.swap is Swap.TAKEN_OVER
        and (r.status is StepStatus.DONE or is_done(r.step))
        for r in begun
    )
    if old:
        left = len(old) - gone
        return Md(
            f"The new machines get all requests; {count(left, 'cordoned old machine')} {'is' if left == 1 else 'are'} still to be destroyed."
        )
    routed = any(isinstance(r.step, Route) and r.step.machine is None for r in begun)
    beside = (
        "beside the old ones, and both get requests"
        if routed
        else "beside the old ones, cordoned: only the old ones get requests"
    )
    return Md(f"{_stand(made, 'new machine')} {beside}.")


def _exists(result: StepResult) -> bool:
    """Whether the new machine is known to exist: Fly has answered its create, or an interrupted run had made it."""
    return result.machine is not None or is_done(result.step)


def _stand(number: int, what: str) -> str:
    return f"{count(number, what)} {'stands' if number == 1 else 'stand'}"


def _it(number: int) -> str:
    return "it" if number == 1 else "them"
