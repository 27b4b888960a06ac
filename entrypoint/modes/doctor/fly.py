"""The Fly token and what it allows, the app, its image, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from entrypoint.concurrency import both
from entrypoint.fleet.errors import FleetError, Unauthorized, Unavailable
from entrypoint.fleet.model import Fleet
from entrypoint.fleet.preflight import TokenOwner, TokenRights
from entrypoint.kernel.errors import ActionError
from entrypoint.kernel.health import Check, Health
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import Inputs
from entrypoint.modes.doctor.image import look_at_image
from entrypoint.modes.image import BUILT_ON_MERGE
from entrypoint.modes.world import Fly, World
from entrypoint.report.text.words import count, join

SKEW = 60
"""Seconds that the clocks may differ. Leases and reviews carry the times of other computers."""
MOST_APPS = 3
"""At most so many apps of a token are named."""
TOKEN, APP, RIGHTS, CLOCK = "Fly token", "app", "rights", "clock"
_MAKE_ONE = "Make one and set FLY_API_TOKEN (in a workflow the input fly-api-token): fly tokens create deploy"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What Fly answered; None where it did not."""

    fleet: Fleet | FleetError
    owner: TokenOwner | None
    rights: TokenRights | None
    clock: int | None


async def look_at_fly(
    inputs: Inputs, world: World, *, app: AppName | None, image: str | None, now: Callable[[], float]
) -> tuple[Check, ...]:
    """Check everything at Fly. `now` is this computer's clock, in seconds since 1970."""
    if inputs.fly_api_token is None:
        return (
            Check(name=TOKEN, health=Health.NOT_OK, says="there is none", advice=_MAKE_ONE),
            *_unasked("a Fly token"),
        )
    if app is None:
        advice = "Name it in fly.toml (app = …) or by --app."
        return (Check(name=APP, health=Health.NOT_OK, says="no app is named", advice=advice),)
    try:
        async with world.fly(app) as fly:
            answers = await _ask(fly)
            skew = None if answers.clock is None else round(now() - answers.clock)
    except ActionError as error:
        return (
            Check(name=TOKEN, health=Health.NOT_OK, says=str(error), advice=error.hint),
            *_unasked("a Fly token"),
        )
    found = [*_token(answers, app, now()), _app(answers, app), _rights(answers, app), _clock(skew)]
    named = None if image == BUILT_ON_MERGE else image
    return (*found, await look_at_image(named or _live_image(answers), world.images()))


async def _ask(fly: Fly) -> _Answers:
    async def fleet() -> Fleet | FleetError:
        try:
            return await fly.machines.observe()
        except FleetError as error:
            return error

    (found, owner), (rights, clock) = await both(
        partial(both, fleet, fly.preflight.owner), partial(both, fly.preflight.token, fly.preflight.clock)
    )
    return _Answers(fleet=found, owner=owner, rights=rights, clock=clock)


def _token(answers: _Answers, app: AppName, now: float) -> Iterator[Check]:
    match answers.fleet:
        case Unauthorized() as error:
            yield Check(name=TOKEN, health=Health.NOT_OK, says=str(error), advice=error.hint)
            return
        case Unavailable() if answers.owner is None:
            yield Check(name=TOKEN, health=Health.UNKNOWN, says="Fly did not answer")
            return
    says, advice = _owner(answers.owner, app)
    ends = answers.rights.expires_at if answers.rights else None
    if ends is not None:
        day = datetime.fromtimestamp(ends, UTC)
        says += f"; expires on {day.day} {day:%B %Y at %H:%M} UTC"
    if ends is not None and ends <= now:
        yield Check(name=TOKEN, health=Health.NOT_OK, says=says, advice=_MAKE_ONE)
    else:
        yield Check(name=TOKEN, health=Health.OK, says=says, advice=advice)


def _owner(owner: TokenOwner | None, app: AppName) -> tuple[str, str]:
    if owner is None:
        return "Fly accepts it, but does not say whose it is", ""
    if owner.user:
        advice = f"It gives access to all apps of that person. One for this app does less harm: fly tokens create deploy -a {app}"
        return f"a personal token of {owner.user} ({owner.organization})", advice
    named = join(owner.apps[:MOST_APPS]) if len(owner.apps) <= MOST_APPS else count(len(owner.apps), "app")
    return f"a token of the organization {owner.organization}" + (f", opens {named}" if named else ""), ""


def _app(answers: _Answers, app: AppName) -> Check:
    match answers.fleet:
        case Fleet() as fleet:
            regions = join(sorted({machine.region for machine in fleet.machines}))
            where = f" in {regions}" if regions else ""
            return Check(
                name=APP, health=Health.OK, says=f"{app} has {count(len(fleet.machines), 'machine')}{where}"
            )
        case Unauthorized() | Unavailable() as error:
            return Check(
                name=APP, health=Health.UNKNOWN, says=f"{app} could not be read: {error}", advice=error.hint
            )
        case error:
            return Check(name=APP, health=Health.NOT_OK, says=str(error), advice=error.hint)


def _rights(answers: _Answers, app: AppName) -> Check:
    match answers.rights.writes if answers.rights else None:
        case True:
            return Check(name=RIGHTS, health=Health.OK, says=f"the token may change {app}")
        case False:
            advice = f"It can plan. To deploy: fly tokens create deploy -a {app}"
            return Check(
                name=RIGHTS,
                health=Health.NOT_OK,
                says=f"the token may read {app} but not change it",
                advice=advice,
            )
        case _:
            return Check(name=RIGHTS, health=Health.UNKNOWN, says="Fly did not say what the token may do")


def _clock(skew: int | None) -> Check:
    """`skew`: seconds that this computer is ahead of Fly."""
    if skew is None:
        return Check(name=CLOCK, health=Health.UNKNOWN, says="Fly did not say what time it is")
    if abs(skew) <= SKEW:
        return Check(name=CLOCK, health=Health.OK, says=f"within {SKEW} s of Fly's")
    says = f"this computer is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} Fly"
    advice = "Set the clock, best by NTP: the ends of tokens and leases are judged by it."
    return Check(name=CLOCK, health=Health.NOT_OK, says=says, advice=advice)


def _live_image(answers: _Answers) -> str | None:
    if not isinstance(answers.fleet, Fleet):
        return None
    images = (machine.config.get("image") for machine in answers.fleet.machines)
    return next((image for image in images if isinstance(image, str)), None)


def _unasked(needs: str) -> Iterator[Check]:
    for name in (APP, RIGHTS, CLOCK):
        yield Check(name=name, health=Health.UNKNOWN, says=f"needs {needs}")
