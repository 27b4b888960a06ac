"""The long poll (`wait`), also for servers that support only a part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import anyio

from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.machines.transport import Transport
from entrypoint.fleet.errors import FleetError, Unavailable
from entrypoint.kernel.ids import MachineId, Version

LONGEST = 60
MARGIN = 15.0
"""Seconds that the answer may come later than its timeout."""
_NOT_YET = re.compile(rb"deadline|time(d )?[ -]?out|failed to reach|not reached", re.IGNORECASE)

Params = tuple[tuple[str, str], ...]


class Waits:
    """GET …/wait."""

    def __init__(self, http: Transport, *, reads: Reads) -> None:
        self._http = http
        self._reads = reads
        self._form = 0
        """The index of the first form of the query that this server has not refused."""

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        """One long poll of at most a minute. Returns the state that was reached; None for "not yet".

        Also None if the server does not answer: the read that follows reports it, if it lasts.
        """
        seconds = max(1, min(LONGEST, int(timeout)))
        forms = list(_forms(states, version))
        begun = anyio.current_time()
        for number, (asked, params) in list(enumerate(forms))[self._form :]:
            try:
                answer = await self._http.send(self._call(machine, params, seconds=seconds))
            except Unavailable:
                return None
            if answer.status == 404:
                return "destroyed" if "destroyed" in states else None
            if answer.is_success:
                reached = answer.object().get("state")
                return reached if isinstance(reached, str) and reached else asked[0]
            is_late = anyio.current_time() - begun >= seconds - 1
            if answer.status == 408 and is_late and len(asked) > 1:
                missed = await self._missed(machine, asked, version)
                if missed is not None:
                    self._form = number + 1
                return missed
            if answer.status not in (400, 422) or is_late or _NOT_YET.search(answer.content):
                return None
            self._form = min(number + 1, len(forms) - 1)
        return None

    async def _missed(
        self, machine: MachineId, asked: tuple[str, ...], version: Version | None
    ) -> str | None:
        """The machine's state, if it is one of those asked for although the wait timed out. Then the server waits for only one of them, and
        not for the first.
        """
        try:
            seen = await self._reads.get(machine)
        except FleetError:
            return None
        return seen.state if seen.state in asked and version in (None, seen.version) else None

    def _call(self, machine: MachineId, params: Params, *, seconds: int) -> Call:
        return Call(
            method="GET",
            path=f"{self._reads.path(machine)}/wait",
            action="wait",
            identifier=machine,
            what=f"waiting for machine {machine}",
            repeatable=True,
            params=(*params, ("timeout", str(seconds))),
            timeout=seconds + MARGIN,
            patience=float(seconds),
            accept=frozenset({400, 404, 405, 408, 422, 501}),
        )


def _forms(states: tuple[str, ...], version: Version | None) -> Iterator[tuple[tuple[str, ...], Params]]:
    """The query as documented; then for servers that accept one state only; then with the version's old name."""
    for asked, name in ((states, "version"), (states[:1], "version"), (states[:1], "instance_id")):
        yield (
            asked,
            (*(("state", state) for state in asked), *([(name, version)] if version else [])),
        )
