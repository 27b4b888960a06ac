"""What a wait asks for, and whether it is so. http/waiting.py waits; nothing is held here."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulator.state.model import SETTLED, Machine, Moment
from tests.simulator.state.refusals import Code, Refusal, invalid
from tests.simulator.state.world import World

STATES = frozenset({"started", "stopped", "suspended", "destroyed", "failed", "settled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The states waited for, of one version if given, after one event if given."""

    states: tuple[str, ...]
    version: str | None = None
    from_event_id: str | None = None
    seconds: float = 60.0


def make_wish(
    world: World,
    machine: Machine,
    *,
    states: list[str],
    version: str | None,
    from_event_id: str | None,
    timeout: str | None,
) -> Wish:
    """A checked wait. Refuses unknown states and versions, and times out of range."""
    wanted = tuple(word.strip() for given in states for word in given.split(",") if word.strip()) or (
        "started",
    )
    for state in wanted:
        if state not in STATES:
            raise invalid(f"invalid state: {state}")
    if version and version not in {known.id for known in machine.versions}:
        raise invalid(f"invalid machine version: {version}")
    try:
        seconds = float(timeout) if timeout else 60.0
    except ValueError:
        raise invalid(f"invalid timeout: {timeout}") from None
    if not 0 <= seconds <= 60:
        if seconds != seconds or seconds < 0 or world.switches.wait_over_60 == "refuse":
            raise invalid("invalid WaitMachineRequest.Timeout: value must be inside range [1s, 1m0s]")
        seconds = 60.0
    return Wish(states=wanted, version=version, from_event_id=from_event_id, seconds=seconds)


def find_fulfilment(machine: Machine, wish: Wish, *, since: int) -> Moment | None:
    """The first moment that is as asked: the present one, or one after the `since`th (when the wait began)."""
    for moment in machine.moments[max(since - 1, 0) :]:
        if _fulfils(moment, wish):
            return moment
    return None


def _fulfils(moment: Moment, wish: Wish) -> bool:
    if wish.version and moment.version != wish.version:
        return False
    if wish.from_event_id and moment.event_id <= wish.from_event_id:
        return False
    settled = "settled" in wish.states and moment.state in SETTLED
    return moment.state in wish.states or settled


def is_superseded(machine: Machine, wish: Wish) -> bool:
    """Whether the version waited for is not the machine's any more."""
    return wish.version is not None and wish.version != machine.version


def missed(machine: Machine, wish: Wish) -> Refusal:
    """The refusal of a wait whose time is over."""
    state = "replaced" if is_superseded(machine, wish) else machine.state
    wanted = " or ".join(wish.states)
    text = f"deadline_exceeded: machine failed to reach desired state, {wanted}, currently {state}"
    return Refusal(Code.DEADLINE_EXCEEDED, text)
