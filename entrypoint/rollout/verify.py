"""`[verify]` of flightplan.toml: after the last wave, requests to the app's URL, while the machines are watched.

A wrong answer halts the rollout like a failed gate, so it may be rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import anyio

from entrypoint.kernel.json import Json
from entrypoint.kernel.verify import JsonValue, Verify
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import Halted, HaltKind, Verified
from entrypoint.rollout.passed import watch_passed
from entrypoint.rollout.ports import Answer, NotAnswered, Probe

SETTLES_WITHIN = 30.0
"""Seconds to wait for the first right answer. The proxy and DNS may need a moment to know new machines."""
EVERY = 5.0
"""Seconds between two requests during `bake`."""
AGAIN = 2.0
"""Seconds before the request is repeated after a wrong answer."""
MOST_WRONG = 3
"""So many wrong answers in a row, during `bake`, fail. One lost connection does not."""


async def verify(rollout: Rollout, probe: Probe | None) -> Verified | None:
    """Make the requests and watch the machines. Halts the rollout after wrong answers. None without [verify]."""
    wanted = rollout.plan.verify
    if wanted is None:
        return None
    begun = anyio.current_time()
    run = _Run(wanted, probe, is_over=lambda: rollout.halting.halted is not None)
    rollout.progress.say("verify", _what(wanted))
    async with anyio.create_task_group() as beside:
        beside.start_soon(watch_passed, rollout)
        why = await run.go()
        beside.cancel_scope.cancel()
    verified = Verified(url=wanted.url, asked=run.asked, seconds=anyio.current_time() - begun, why=why)
    if why:
        rollout.halting.halt(
            Halted(
                kind=HaltKind.UNVERIFIED,
                message=f"{wanted.url} {why}.",
                hint="See [verify] in flightplan.toml, and the app's logs (fly logs).",
            )
        )
    elif rollout.halting.halted is not None:
        verified = replace(verified, why="a machine did not stay healthy")
    rollout.progress.say(
        "verify", verified.why or _what(wanted), ok=not verified.why, seconds=verified.seconds
    )
    return verified


class _Run:
    """The requests of one rollout."""

    def __init__(self, wanted: Verify, probe: Probe | None, *, is_over: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._probe = probe
        self._is_over = is_over
        self.asked = 0

    async def go(self) -> str:
        """What is wrong, in words; empty if all answers were right, or the rollout ended for another reason."""
        why = await self._settle()
        if why or self._is_over():
            return why
        ends, wrong = anyio.current_time() + self._wanted.bake, 0
        while (left := ends - anyio.current_time()) > 0:
            await anyio.sleep(min(left, AGAIN if wrong else EVERY))
            if self._is_over():
                return ""
            why, is_final = await self._ask()
            wrong = wrong + 1 if why else 0
            if is_final or wrong >= MOST_WRONG:
                return why
        while wrong:  # the last answer must be right
            await anyio.sleep(AGAIN)
            why, is_final = await self._ask()
            wrong = wrong + 1 if why else 0
            if is_final or wrong >= MOST_WRONG:
                return why
        return ""

    async def _settle(self) -> str:
        deadline = anyio.current_time() + SETTLES_WITHIN
        while True:
            why, is_final = await self._ask()
            if not why or is_final or self._is_over():
                return why
            if anyio.current_time() >= deadline:
                return f"{why}, for {SETTLES_WITHIN:.0f} s"
            await anyio.sleep(AGAIN)

    async def _ask(self) -> tuple[str, bool]:
        """What is wrong with the answer, and whether that is final, so that a retry does not help."""
        if self._wanted.url is None:
            return "", False
        assert self._probe is not None, "a deploy has a probe"
        self.asked += 1
        try:
            answer = await self._probe.ask(self._wanted.url)
        except NotAnswered as error:
            return error.why, error.is_final
        return judge(answer, self._wanted), False


def judge(answer: Answer, wanted: Verify) -> str:
    """What is wrong with an answer; empty if it is right. Our words only: its body is never shown."""
    if wanted.status is None and not 200 <= answer.status <= 299:
        return f"answered {answer.status} instead of 200 to 299"
    if wanted.status is not None and answer.status != wanted.status:
        return f"answered {answer.status} instead of {wanted.status}"
    if wanted.json is None:
        return ""
    if not answer.is_whole:
        return "answered with more than 64 KB"
    try:
        body: Json = json.loads(answer.body)
    except (ValueError, RecursionError):
        return "did not answer with JSON"
    return "" if _holds(body, wanted.json) else f"answered with another value of {wanted.json.name}"


def _holds(body: Json, wanted: JsonValue) -> bool:
    here = body
    for part in wanted.path:
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and part.isascii() and int(part) < len(here):
            here = here[int(part)]
        else:
            return False
    is_bool = isinstance(here, bool), isinstance(wanted.value, bool)
    return is_bool[0] == is_bool[1] and here == wanted.value


def _what(wanted: Verify) -> str:
    asked = wanted.url or "the machines stay healthy"
    return f"{asked} for {wanted.bake} s" if wanted.bake else asked
