"""What is true in a month, kept apart from what the product says: who showed what, who wrote what, and whether a deploy was right."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.month import shop
from tests.month.jobs import Ended, Job
from tests.month.oracle import (
    STRUCTURED,
    SUPERSEDED,
    Case,
    Done,
    Landed,
    Review,
    Touched,
    Verb,
    Verdict,
    may_run,
)
from tests.month.process import Wires
from tests.simulator.state.model import Machine
from tests.simulator_github.world import BOT, Comment, Pull, QueueEntry

STATUS = re.compile(r"#(\d+) comment (\d+) sha256:([0-9a-f]{64}) .*")
TOKEN = re.compile(r"\b[a-z0-9]+(?:-\d+)?_t\d+\b")
APPROVAL = re.compile(r"approve: `?([0-9a-f]{64})")
CONTEXT = f"flightplan/{shop.APP}/fly.toml"
GREEN = ("deployed", "nothing-to-do")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A machine as it is."""

    id: str
    group: str
    version: str
    state: str
    fingerprint: str
    metadata: Mapping[str, str]
    digest: str
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlanSeen:
    pull: int
    merged: str
    """The test merge that was planned."""
    base_ref: str
    job: Job
    fleet: Mapping[str, Snapshot]
    comments: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A plan that was posted: whose, and what it says."""

    seen: PlanSeen
    review: Review
    tokens: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class DeploySeen:
    job: Job
    fleet: Mapping[str, Snapshot]
    landed: tuple[Landed, ...]
    done: Done | None
    written: tuple[str, ...]
    marks: Mapping[str, frozenset[str]]
    releases: int


@dataclass(kw_only=True)
class Truth:
    """The book-keeper."""

    wires: Wires
    way: str
    images: dict[str, str] = field(default_factory=dict)
    """Digest → the tree that was built."""
    bad_images: set[str] = field(default_factory=set)
    shown: dict[tuple[int, str], Shown] = field(default_factory=dict)
    """By comment and the digest of its text."""
    given: dict[str, str] = field(default_factory=dict)
    """Machine → fingerprint of what a run of ours wrote last."""
    created: set[str] = field(default_factory=set)
    """Machines that runs of ours created since the last green deploy."""
    covered: set[str] = field(default_factory=set)
    unclear: set[int] = field(default_factory=set)
    """Pull requests whose plan was posted by a job that died before it said what it had planned."""
    inputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Green deploys' commits → their inputs."""
    by_hand: set[str] = field(default_factory=set)
    """Approvals whose refusals say that nothing ties the image to the commit."""
    live_commit: str = ""
    tokens: int = 0
    verdicts: list[tuple[Verdict, int | None]] = field(default_factory=list)

    def token(self, who: str) -> str:
        """A value that nothing else has."""
        self.tokens += 1
        return f"{who.replace('_', '')}_t{self.tokens}"

    # Plans

    def before_plan(self, pull: Pull, job: Job, *, merged: str) -> PlanSeen:
        of_event = job.payload.get("pull_request")
        return PlanSeen(
            pull=pull.number,
            merged=merged,
            base_ref=of_event["base"]["ref"] if of_event else pull.base_ref,
            job=job,
            fleet=self.fleet(),
            comments={c.id: c.body for c in self._ours(pull.number)},
        )

    def after_plan(self, seen: PlanSeen, ended: Ended) -> None:
        for comment in self._ours(seen.pull):
            if seen.comments.get(comment.id) != comment.body:
                if not ended.plan:
                    self.unclear.add(seen.pull)
                self.shown[comment.id, _digest(comment.body)] = self._read_plan(seen, ended)

    def _read_plan(self, seen: PlanSeen, ended: Ended) -> Shown:
        git, merged = self.wires.github.world.git, seen.merged
        counts: dict[str, Any] = dict.fromkeys((m.group for m in seen.fleet.values()), "absent")
        image = seen.job.inputs.get("image", "").partition("@")[2]
        review = Review(
            planned_on=git.info(merged).parents[0],
            tree=git.info(merged).tree,
            image=image or None,
            fingerprints=_by_group(seen.fleet.values()),
            shown={
                step["machine"]: frozenset(step.get("volumes", ()))
                for step in ended.plan.get("steps", ())
                if step["verb"] in ("destroy", "replace")
            },
            counts={**counts, **self.counts(merged)},
            inputs=_shaping(seen.job.inputs),
            consent=seen.job.inputs["allow-destroy"],
            blocked=ended.code not in (0, None),
            plan="" if seen.job.older else ended.outputs.get("plan-digest", ""),
        )
        return Shown(seen=seen, review=review, tokens=self.tokens_of(merged))

    def after_two_plans(self, pull: Pull, ended: Sequence[Ended]) -> str:
        """Of two jobs at once: whatever each did, one comment is left, and one review, the newest."""
        if any(one.code not in (0, 1, 3) for one in ended):
            return "" if self.had_faults() else f"two plans at once ended with {[one.code for one in ended]}"
        world = self.wires.github.world
        shown = [
            c
            for c in self._ours(pull.number)
            if c.body.startswith("<!-- flightplan:2 ") and c.minimized is None
        ]
        newest = next((s for s in world.statuses_of(pull.head_sha) if s.context == CONTEXT), None)
        match = STATUS.fullmatch((newest.description or "") if newest else "")
        if len(shown) != 1 or match is None:
            return f"two plans at once left {len(shown)} plan comments, and the status {newest}"
        if (int(match[2]), match[3]) != (shown[0].id, _digest(shown[0].body)):
            return f"two plans at once left comment {shown[0].id}, and a status of {match[0]}"
        return ""

    def is_ordinary(self, seen: DeploySeen, ended: Ended) -> bool:
        """A push of one merged pull request on top of what is live and green, on a day when GitHub answers."""
        git, job = self.wires.github.world.git, ended.job
        if (
            job.event != "push"
            or job.attempt > 1
            or ended.code != 0
            or seen.done is None
            or self.had_faults()
        ):
            return False
        new = [
            p for p in seen.landed if git.contains(job.sha, p.at) and not git.contains(seen.done.commit, p.at)
        ]
        return len(new) == 1 and new[0].at == job.sha and set(seen.written) <= {seen.done.commit}

    # Deploys

    def before_deploy(self, job: Job, *, queue: Sequence[QueueEntry] = ()) -> DeploySeen:
        """`queue`: what would be merged with the commit that is asked about."""
        fleet = self.fleet()
        marks: dict[str, set[str]] = {}
        for machine in fleet.values():
            if "flightplan_fp" in machine.metadata and machine.id in self.given:
                marks.setdefault(machine.group, set()).add(self.given[machine.id])
        return DeploySeen(
            job=job,
            fleet=fleet,
            landed=self.landed(queue),
            done=self.done(fleet),
            written=self.written(fleet),
            marks={group: frozenset(found) for group, found in marks.items()},
            releases=len(self.wires.fly.world.apps[shop.APP].releases),
        )

    def after_deploy(self, seen: DeploySeen, ended: Ended, *, disturbed: bool) -> str:
        """What is wrong with it; "" if nothing."""
        now = self.fleet()
        changed = {i for i in now.keys() | seen.fleet.keys() if _version(now, i) != _version(seen.fleet, i)}
        by_approval = bool(ended.job.inputs.get("approve"))
        self.covered |= {t for shown in self._valid() for t in shown.tokens}
        if by_approval and ended.code in (None, 0, 5):
            self.covered |= self.tokens_of(ended.job.sha)
        if "was given by hand" in ended.log:
            self.by_hand.update(APPROVAL.findall(ended.log))
        problem = (
            self._check_code(ended, disturbed=disturbed)
            or self._check_writes(seen, ended, now, changed)
            or ("" if by_approval or ended.code is None else self._check_verdict(seen, ended))
            or self._check_green(seen, ended, now)
        )
        self._remember(seen, ended, now, changed)
        return problem

    def after_check(self, seen: DeploySeen, ended: Ended) -> str:
        """Of a check in the merge queue: it writes nothing, and says what a deploy would."""
        if {i: m.version for i, m in self.fleet().items()} != {i: m.version for i, m in seen.fleet.items()}:
            return "the check in the queue wrote something"
        return self._check_code(ended, disturbed=False) or self._check_verdict(seen, ended)

    def _check_code(self, ended: Ended, *, disturbed: bool) -> str:
        usual = (None, 0, 3, 4, 5)
        if ended.code not in usual and not disturbed and not self.had_faults():
            return f"exit code {ended.code}"
        return ""

    def had_faults(self) -> bool:
        return any(entry.fault for entry in self.wires.github.journal[-60:])

    def _check_writes(
        self, seen: DeploySeen, ended: Ended, now: Mapping[str, Snapshot], changed: set[str]
    ) -> str:
        """Only what was covered, and nothing where nothing is said to be written."""
        is_silent = ended.code in (1, 2, 3, 4) or ended.result == "superseded"
        if is_silent and (changed or len(self.wires.fly.world.apps[shop.APP].releases) != seen.releases):
            return f"it says that nothing was written, and wrote {sorted(changed)}"
        for machine in changed & now.keys():
            before = _tokens(seen.fleet[machine].config) if machine in seen.fleet else frozenset()
            known = before | self._restored(seen) | self.covered
            foreign = _tokens(now[machine].config) - known
            if foreign:
                return f"{machine} was given {sorted(foreign)}, which nobody reviewed"
        is_again = ended.job.attempt > 1 and seen.done and seen.done.commit == ended.job.sha
        if is_again and changed and not self._has_drifted(seen):
            return f"the re-run of a finished job wrote {sorted(changed)}"
        return ""

    def _restored(self, seen: DeploySeen) -> frozenset[str]:
        return frozenset(t for m in seen.fleet.values() for t in _tokens(m.config))

    def _has_drifted(self, seen: DeploySeen) -> bool:
        return any(self.given.get(m.id) != m.fingerprint for m in seen.fleet.values())

    def case(self, seen: DeploySeen, ended: Ended) -> Case:
        """For the oracle."""
        git = self.wires.github.world.git
        image = seen.job.inputs.get("image", "").partition("@")[2] or None
        if image is None and self.way == "pull":
            tree = git.info(seen.job.sha).tree
            promoted = [p.review for p in seen.landed if p.review and p.review.image]
            image = next((r.image for r in promoted if r.tree == tree), None)
        return Case(
            git=git,
            head=seen.job.sha,
            landed=seen.landed,
            done=seen.done,
            written=seen.written,
            reads=frozenset(STRUCTURED),
            inputs=_shaping(seen.job.inputs),
            counts=self.counts(seen.job.sha),
            marks=seen.marks,
            touched=[
                self._touched(seen.fleet[step["machine"]], Verb(step["verb"]))
                for step in ended.plan.get("steps", ())
                if step["verb"] in tuple(Verb)
            ],
            image=image,
            plan=ended.outputs.get("plan-digest", "") or "none",
        )

    def _touched(self, machine: Snapshot, verb: Verb) -> Touched:
        return Touched(
            id=machine.id,
            group=machine.group,
            verb=verb,
            fingerprint=machine.fingerprint,
            ours_since_done=machine.id in self.created,
        )

    def _check_verdict(self, seen: DeploySeen, ended: Ended) -> str:
        if ended.code not in (0, 4, 5) or any(pull.number in self.unclear for pull in seen.landed):
            return ""
        verdict = may_run(self.case(seen, ended))
        self.verdicts.append((verdict, ended.code))
        said: Any = SUPERSEDED if ended.result == "superseded" else "refused" if ended.code == 4 else "ran"
        meant: Any = verdict if verdict == SUPERSEDED else "refused" if verdict else "ran"
        if said != meant:
            return f"it {said}; by the rules: {meant} {sorted(verdict) if verdict != SUPERSEDED else ''}"
        return ""

    def _bound_image(self, seen: DeploySeen, ended: Ended) -> str | None:
        """What the deploy was given; nothing where somebody approved that it is of another tree."""
        case = self.case(seen, ended)
        approval = ended.job.inputs.get("approve", "")
        verdict = may_run(case) if approval else frozenset[int]()
        is_seen = approval in self.by_hand or (isinstance(verdict, frozenset) and 4 in verdict)
        return None if is_seen else case.image

    def _check_green(self, seen: DeploySeen, ended: Ended, now: Mapping[str, Snapshot]) -> str:
        if ended.code != 0 or ended.result not in GREEN:
            return "" if ended.code != 0 or ended.result == "superseded" else f"green, and {ended.result!r}"
        git = self.wires.github.world.git
        wanted = self._manifest(ended.job.sha, "fly.toml")
        counts = self.counts(ended.job.sha)
        for machine in now.values():
            if machine.group not in wanted["processes"]:
                return f"green, and {machine.id} of {machine.group} is still there"
            env = {k: v for k, v in machine.config["env"].items() if k in shop.SETTINGS}
            if (
                env != wanted["env"]
                or machine.config["init"]["cmd"] != wanted["processes"][machine.group].split()
            ):
                return f"green, and {machine.id} does not run what {ended.job.sha[:7]} asks for: {env}"
            in_play = self._bound_image(seen, ended)
            if in_play and self.images.get(machine.digest) != git.info(ended.job.sha).tree:
                return f"green, and {machine.id} runs an image of another tree"
        have = {g: sum(m.group == g for m in now.values()) for g in counts}
        if any(count is not None and have[group] != count for group, count in counts.items()):
            return f"green, and the counts are {have}"
        done = self.done(now)
        if done is None or done.commit != ended.job.sha:
            return f"green, and the done mark says {done}"
        return ""

    def _remember(
        self, seen: DeploySeen, ended: Ended, now: Mapping[str, Snapshot], changed: set[str]
    ) -> None:
        for machine in changed & now.keys():
            was = seen.fleet.get(machine)
            if (
                was is None or was.fingerprint != now[machine].fingerprint
            ):  # a rollback gives nothing: it puts back
                self.given[machine] = now[machine].fingerprint
            if machine not in seen.fleet:
                self.created.add(machine)
        if ended.code == 0 and ended.result in GREEN:
            self.live_commit = ended.job.sha
            self.inputs[ended.job.sha] = _shaping(ended.job.inputs)
            self.created.clear()

    # What can be looked up

    def fleet(self) -> dict[str, Snapshot]:
        self.wires.look()
        found = self.wires.fly.world.apps[shop.APP].machines.values()
        return {m.id: _snapshot(m) for m in found if m.state not in ("destroyed", "destroying")}

    def done(self, fleet: Mapping[str, Snapshot]) -> Done | None:
        """The newest done mark that is still there."""
        found = [
            json.loads(m.metadata["flightplan_done"])
            for m in fleet.values()
            if "flightplan_done" in m.metadata
        ]
        newest = max(found, key=lambda mark: int(mark["n"]), default=None)
        return None if newest is None else Done(commit=newest["c"], inputs=self.inputs.get(newest["c"], {}))

    def written(self, fleet: Mapping[str, Snapshot]) -> tuple[str, ...]:
        """Commits that machines carry, the newest run's last; a deploy that wrote nothing says so in its done mark."""
        marks = [
            m.metadata["flightplan_commit"].split()
            for m in fleet.values()
            if "flightplan_commit" in m.metadata
        ]
        done = [
            json.loads(m.metadata["flightplan_done"])
            for m in fleet.values()
            if "flightplan_done" in m.metadata
        ]
        found = {(int(run), sha) for sha, _, run in marks} | {(int(d["n"]), d["c"]) for d in done}
        return tuple(sha for _, sha in sorted(found))

    def counts(self, sha: str) -> dict[str, Any]:
        """Declared counts of a commit's groups; None: as live."""
        groups = self._manifest(sha, "flightplan.toml").get("groups", {})
        return {
            g: groups.get(g, {}).get("count") for g in self._manifest(sha, "fly.toml").get("processes", {})
        }

    def tokens_of(self, sha: str) -> frozenset[str]:
        return _tokens(self._manifest(sha, "fly.toml"))

    def landed(self, queue: Sequence[QueueEntry] = ()) -> tuple[Landed, ...]:
        """Merged pull requests into main, and those that a queue would merge, with their evidence as it is now."""
        world = self.wires.github.world
        queued = [
            Landed(
                number=entry.pull,
                at=entry.head,
                head=world.pulls[entry.pull].head_sha,
                commits=len(world.git.between(entry.base, world.pulls[entry.pull].head_sha)),
                review=shown.review if (shown := self._evidence(world.pulls[entry.pull])) else None,
            )
            for entry in queue
        ]
        return *queued, *(
            Landed(
                number=pull.number,
                at=str(pull.merge_commit_sha),
                head=pull.head_sha,
                commits=pull.count,
                review=shown.review if (shown := self._evidence(pull)) else None,
            )
            for pull in world.pulls.values()
            if pull.merged is not None and pull.base_ref == "main"
        )

    def _valid(self) -> list[Shown]:
        pulls = self.wires.github.world.pulls.values()
        found = [self._evidence(p) for p in pulls if p.merged is not None and p.base_ref == "main"]
        return [shown for shown in found if shown]

    def _evidence(self, pull: Pull) -> Shown | None:
        """The newest status of ours on the merged head, for this pull request and base, not after the merge."""
        merged = self.wires.now() if pull.merged is None else pull.merged
        for status in self.wires.github.world.statuses_of(pull.head_sha):
            match = STATUS.fullmatch(status.description or "")
            if status.context != CONTEXT or status.creator != BOT or match is None or status.created > merged:
                continue
            shown = self.shown.get((int(match[2]), match[3]))
            if int(match[1]) != pull.number or (shown and shown.seen.base_ref != pull.base_ref):
                continue
            comment = self.wires.github.world.comments.get(int(match[2]))
            is_whole = comment is not None and _digest(comment.body) == match[3]
            good = shown is not None and is_whole and status.state == "success" and not shown.review.blocked
            return shown if good else None
        return None

    def _ours(self, pull: int) -> list[Comment]:
        return [c for c in self.wires.github.world.comments_of(pull) if c.author == BOT]

    def _manifest(self, sha: str, path: str) -> dict[str, Any]:
        git = self.wires.github.world.git
        return tomllib.loads(git.read(git.files(sha)[path].oid).decode())


def _snapshot(machine: Machine) -> Snapshot:
    config = copy.deepcopy(machine.config)
    metadata = dict(config.pop("metadata", {}))
    plain = {k: v for k, v in config.items() if k not in ("image", "standbys")} | {
        "image": machine.image.digest
    }
    return Snapshot(
        id=machine.id,
        group=metadata.get("fly_process_group", ""),
        version=machine.version,
        state=machine.state,
        fingerprint=hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest(),
        metadata=metadata,
        digest=machine.image.digest,
        config=config,
    )


def _by_group(machines: Iterable[Snapshot]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for machine in machines:
        found[machine.group] = found.get(machine.group, frozenset()) | {machine.fingerprint}
    return found


def _version(fleet: Mapping[str, Snapshot], machine: str) -> str:
    return fleet[machine].version if machine in fleet else ""


def _tokens(config: Any) -> frozenset[str]:
    return frozenset(TOKEN.findall(json.dumps(config)))


def _shaping(inputs: Mapping[str, str]) -> dict[str, str]:
    """Inputs that shape a plan."""
    return {k: v for k, v in inputs.items() if k in ("strategy", "scale") and v}


def _digest(body: str) -> str:
    """As evidence has it: line ends and outer white space do not count."""
    return hashlib.sha256(body.replace("\r\n", "\n").strip().encode()).hexdigest()
