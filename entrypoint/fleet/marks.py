"""The marks that a rollout writes into each machine's metadata, and how they are read.

The marks let a later run recognise the partial result of an earlier one (docs/decisions/002-partial-results.md): which plan wrote the
machine, what the machine was before, what fly.toml set for it, and which planned place it fills. They also tell the gate what is live:
which commit wrote the machine, the fingerprint of its config, and the last green deploy.

Metadata is foreign text: everybody with a Fly token can write it. No function here raises. A text in another form is no mark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import Digest, GroupName, Region
from entrypoint.kernel.json import canonical

PLAN = "flightplan_plan"
BEFORE = "flightplan_before"
AFTER = "flightplan_after"
SLOT = "flightplan_slot"
COMMIT = "flightplan_commit"
"""The commit that the run deployed which wrote the machine: `<40 hex> <key hash> <run number>`."""
MADE = "flightplan_made"
"""The same for the run that created the machine. Later writes keep it."""
FINGERPRINT = "flightplan_fp"
"""The fingerprint of the config that was written: `<schema>:<32 hex>`."""
DONE = "flightplan_done"
"""The last green deploy under the key, as JSON. Only on a few machines."""
NEW = "new"
"""BEFORE of a machine that the plan created."""
RELEASED = "flightplan_released"
"""The last deploy whose release command succeeded (rollout/release_mark.py). It is not run again for that deploy."""
EXTRA = "flightplan_extra"
"""On a machine that a strategy created in addition: `canary`, or the id of the machine that it replaces (fleet/extras.py)."""
REPLACES = "flightplan_replaces"
"""On a machine that replaces another: the other's id. As long as both exist, they count as one machine of the group."""
CORDON = "flightplan_cordon"
"""On a machine that a rollout cordoned: why (fleet/extras.py). A person cordoned a machine that is cordoned without this mark."""
LOCK = "flightplan_lock"
"""Only on the machine that is an app's lock."""

OWN_KEYS = frozenset(
    {PLAN, BEFORE, AFTER, SLOT, COMMIT, MADE, FINGERPRINT, DONE, RELEASED, EXTRA, REPLACES, CORDON}
)
RELEASE_KEYS = frozenset({"fly_release_id", "fly_release_version", "fly_flyctl_version", "fly_builder_id"})
"""Keys that flyctl writes anew on every deploy (flyctl internal/command/deploy). They say nothing about the config."""
VOLATILE_KEYS = OWN_KEYS | RELEASE_KEYS
STEP_KEYS = frozenset({PLAN, BEFORE, AFTER, SLOT, COMMIT, MADE, FINGERPRINT, EXTRA})
"""Marks that only a config write sets. Metadata requests also write DONE, RELEASED and CORDON."""

MOST_RUNS = 10**15
"""The highest run number that is accepted. No run can have counted further."""
_COMMIT = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{12})(?: (0|[1-9][0-9]{0,15}))?")
_SHA = re.compile(r"[0-9a-f]{40}")
_KEY_HASH = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place of a machine that a plan creates: the nth new one of its group in its region."""

    group: GroupName
    region: Region
    index: int

    def __str__(self) -> str:
        return f"{self.group}/{self.region}/{self.index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks found on one machine.

    `before`: base fingerprint and run class before the write (`3f…:running`), or `new`. `after`: fingerprint of what fly.toml sets in
    the group's config. `slot`: only on machines that the plan created.
    """

    plan: Digest
    before: str
    after: str
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitMark:
    """A commit deployed under a key. `run` counts the runs that wrote under this key; the highest is the newest."""

    commit: str
    key: str
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneMark:
    """The last green deploy under a key: its commit, and short hashes of the inputs that it depends on, by input name."""

    run: int
    commit: str
    key: str
    inputs: Mapping[str, str]


def read_marks(machine: Machine) -> Marks | None:
    """The marks on `machine`, or None where no rollout of ours wrote it."""
    found: Mapping[str, str] = machine.metadata
    if PLAN not in found:
        return None
    return Marks(
        plan=Digest(found[PLAN]),
        before=found.get(BEFORE, ""),
        after=found.get(AFTER, ""),
        slot=found.get(SLOT, ""),
    )


def format_commit(mark: CommitMark) -> str:
    """The text of a commit mark."""
    return f"{mark.commit} {mark.key} {mark.run}"


def parse_commit(text: str) -> CommitMark | None:
    """The commit mark in `text`, or None."""
    match = _COMMIT.fullmatch(text)
    if match is None or int(match[3] or 0) > MOST_RUNS:
        return None
    return CommitMark(commit=match[1], key=match[2], run=int(match[3] or 0))


def format_done(mark: DoneMark) -> str:
    """The text of a done mark."""
    return canonical({"n": mark.run, "c": mark.commit, "k": mark.key, "i": dict(mark.inputs)})


def parse_done(text: str) -> DoneMark | None:
    """The done mark in `text`, or None for anything that is not one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    run, commit, key, inputs = found.get("n"), found.get("c"), found.get("k"), found.get("i")
    if isinstance(run, bool) or not isinstance(run, int) or not 0 <= run <= MOST_RUNS:
        return None
    if not (isinstance(commit, str) and _SHA.fullmatch(commit)):
        return None
    if not (isinstance(key, str) and _KEY_HASH.fullmatch(key)):
        return None
    if not isinstance(inputs, dict) or not all(isinstance(value, str) for value in inputs.values()):
        return None
    return DoneMark(run=run, commit=commit, key=key, inputs=inputs)


def commit_mark(machine: Machine, *, key: str) -> CommitMark | None:
    """The commit whose run last wrote this machine under the key."""
    return _of_key(parse_commit(machine.metadata.get(COMMIT, "")), key)


def made_mark(machine: Machine, *, key: str) -> CommitMark | None:
    """The commit whose run created this machine under the key."""
    return _of_key(parse_commit(machine.metadata.get(MADE, "")), key)


def _of_key(mark: CommitMark | None, key: str) -> CommitMark | None:
    return mark if mark is not None and mark.key == key else None


def newest_done(machines: Iterable[Machine], *, key: str) -> DoneMark | None:
    """The done mark of the key with the highest run. If two marks of one run differ, the choice is always the same."""
    marks = [mark for machine in machines if (mark := parse_done(machine.metadata.get(DONE, "")))]
    ours = [mark for mark in marks if mark.key == key]
    return max(ours, key=lambda mark: (mark.run, format_done(mark)), default=None)


def newest_commits(machines: Iterable[Machine], *, key: str) -> frozenset[str]:
    """The commits of the newest run under the key: one, unless two runs wrote at the same time."""
    seen = tuple(machines)
    marks = [mark for machine in seen if (mark := commit_mark(machine, key=key))]
    runs = [(mark.run, mark.commit) for mark in marks]
    done = newest_done(seen, key=key)
    if done is not None:
        runs.append((done.run, done.commit))
    newest = max((run for run, _ in runs), default=0)
    return frozenset(commit for run, commit in runs if run == newest)


def next_run(machines: Iterable[Machine], *, key: str) -> int:
    """The number of a run that begins now: one more than the highest known."""
    seen = tuple(machines)
    runs = [mark.run for machine in seen if (mark := commit_mark(machine, key=key))]
    done = newest_done(seen, key=key)
    return min(max([*runs, done.run if done else 0], default=0) + 1, MOST_RUNS)
