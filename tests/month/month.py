"""The team at work: what each event of a story does to the repository, the fleet and the jobs that follow."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.month import shop
from tests.month.jobs import (
    FLY_TOKEN,
    Ended,
    Job,
    Runner,
    dispatch_job,
    merge_group_job,
    pull_request_job,
    push_job,
)
from tests.month.process import Wires
from tests.month.story import Event
from tests.month.truth import Truth
from tests.simulator.app import create
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.images import resolve_image
from tests.simulator.state.model import Machine
from tests.simulator_github import branches
from tests.simulator_github.branches import Conflict, Method
from tests.simulator_github.running import Running
from tests.simulator_github.server import Simulator as Github
from tests.simulator_github.world import BOT, READ_ONLY, Pull, Token, World

FORK = "stranger/acme-shop"
WAYS = ("merge", "pull", "none")
"""How images come: built on merge, built in the pull request, or not at all."""

MOST_REQUESTS = 12
"""To GitHub, of an ordinary push."""


class Skip(Exception):
    """What the event is about is not there."""


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(kw_only=True)
class Waiting:
    """A job that has not begun."""

    what: str
    job: Job
    pull: int | None = None


@dataclass(kw_only=True)
class Month:
    """One team. `play` tells its story; the first broken invariant ends it."""

    way: str
    served: Running | None = None
    """GitHub's simulator on a socket; without it, it is called in process."""
    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)
    told: list[str] = field(default_factory=list)
    pulls: dict[str, int] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    next_deploy: dict[str, Any] = field(default_factory=dict)
    deploys: list[Ended] = field(default_factory=list)
    """Deploy jobs that ran, oldest first."""
    next_plan: int | None = None
    """The next plan's runner dies after so many answers of GitHub."""
    plans_older: bool = False
    """Plans are made by the previous minor version."""
    next_inputs: dict[str, str] = field(default_factory=dict)
    """What the workflow says beside the rest."""
    jobs: int = 0
    requests: list[int] = field(default_factory=list)
    """How many each deploy sent to GitHub."""

    def __post_init__(self) -> None:
        fly = create(shop.fleet(), rate_limits=False)
        if self.served is None:
            self.wires = Wires(fly=fly, github=Github(World(), checks=False))
        else:
            self.wires = Wires(fly=fly, github=self.served.simulator, github_url=self.served.url)
        self.world = self.wires.github.world
        self.world.now = self.wires.now
        self.world.tokens["ghs_reads"] = Token(login=BOT, permissions=READ_ONLY)
        self.runner = Runner(wires=self.wires, folder=Path(self.folder.name))
        branches.commit(self.world, "main", shop.FILES, message="The shop")
        self.world.branches["main"].protected = True
        self.truth = Truth(wires=self.wires, way=self.way)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.folder.cleanup()

    def play(self, story: Sequence[Event]) -> None:
        """Raises Broken."""
        self.tell("adopt Flightplan")
        self.open(pull="start", kinds="env", who="mona")
        self.merge(pull="start", how="merge", update=False)
        for event in story:
            self.tell(str(event))
            self.wires.wait(600)
            with suppress(Skip, Conflict):
                getattr(self, event.do)(**event.about)
        self.tell("the month ends")
        self.settle()
        self.find_a_way_on()
        against = self.wires.github.journal.violations()
        if against:
            raise Broken(f"asked of GitHub what it does not know: {against[:3]}")

    def tell(self, line: str) -> None:
        self.told.append(line)

    # Pull requests

    def open(self, *, pull: str, kinds: str, who: str) -> None:
        """A branch from main's tip, and a pull request."""
        fork = FORK if who == "fork" else None
        name = f"{fork}:{pull}" if fork else pull
        kinds = "code" if who == "dependabot[bot]" else kinds
        author = "stranger" if fork else who
        tip = self.world.branches["main"].sha
        changes = self._changes(tip, kinds, pull)
        branches.commit(self.world, name, changes, message=f"{pull}: {kinds}", author=author, start=tip)
        made = branches.open_pull(self.world, pull, title=f"{pull}: {kinds}", author=author, fork=fork)
        self.pulls[pull] = made.number
        self._plan(made, "opened")

    def set_count(self, *, pull: str, web: int) -> None:
        """A pull request for another count."""
        tip = self.world.branches["main"].sha
        branches.commit(
            self.world, pull, {"flightplan.toml": shop.policy(web, 1)}, message=f"{web} of web", start=tip
        )
        made = branches.open_pull(self.world, pull, title=f"{web} of web")
        self.pulls[pull] = made.number
        self._plan(made, "opened")

    def amend(self, *, pull: str, kinds: str) -> None:
        found = self._open_pull(pull)
        name = f"{found.head_repository}:{found.head_ref}" if found.head_repository else found.head_ref
        kinds = "code" if found.author == "dependabot[bot]" else kinds
        changes = self._changes(found.head_sha, kinds, f"{pull}-{len(self.told)}")
        branches.commit(self.world, name, changes, message=f"More {kinds}", author=found.author)
        self._plan(found, "synchronize")

    def force_push(self, *, pull: str) -> None:
        """Its commits, squashed onto main's tip."""
        found = self._open_pull(pull)
        tip = self.world.branches["main"].sha
        files = self.world.git.merged(tip, found.head_sha)
        if files is None:
            raise Conflict
        name = f"{found.head_repository}:{found.head_ref}" if found.head_repository else found.head_ref
        sha = self.world.git.commit(
            files, parents=[tip], author=found.author, message=found.title, when=int(self.wires.now())
        )
        branches.push(self.world, name, sha)
        self._plan(found, "synchronize")

    def update_branch(self, *, pull: str) -> None:
        found = self._open_pull(pull)
        if self.world.git.contains(found.head_sha, self.world.branches[found.base_ref].sha):
            return
        branches.update_branch(self.world, found.number)
        self._plan(found, "synchronize")

    def close(self, *, pull: str) -> None:
        branches.close_pull(self.world, self._open_pull(pull).number)

    def change_base(self, *, pull: str) -> None:
        """To another branch and back: each time the plan is another."""
        found = self._open_pull(pull)
        self._release_branch()
        for base in ("release", "main"):
            branches.change_base(self.world, found.number, base)
            self._plan(found, "edited")

    def two_bases(self, *, pull: str) -> None:
        """A second pull request of the same head, into another branch: planned after the first."""
        found = self._open_pull(pull)
        self._release_branch()
        if found.head_repository is None:
            second = branches.open_pull(self.world, found.head_ref, base="release", author="mona")
            self._plan(second, "opened")

    def revert(self, *, name: str) -> None:
        """Undo what the last merged pull request brought."""
        git, tip = self.world.git, self.world.branches["main"].sha
        merged = [p for p in self.world.pulls.values() if p.merge_commit_sha and p.merged]
        last = max(merged, key=lambda p: (p.merged or 0, p.number))
        assert last.merge_commit_sha is not None
        before = git.line(last.merge_commit_sha)[len(last.commits) or 1]
        files = git.merged(tip, before, base=last.merge_commit_sha)
        if files is None or files == git.files(tip):
            return
        sha = git.commit(
            files, parents=[tip], author="mona", message=f"Revert #{last.number}", when=int(self.wires.now())
        )
        branches.push(self.world, name, sha)
        made = branches.open_pull(self.world, name, title=f"Revert #{last.number}")
        self.pulls[name] = made.number
        self._plan(made, "opened")

    # Merging

    def merge(self, *, pull: str, how: str, update: bool) -> None:
        found = self._open_pull(pull)
        if update or self.way == "pull":
            self.update_branch(pull=pull)
        before = self.world.branches[found.base_ref].sha
        if how == "queue":
            after = self._through_the_queue(found)
        else:
            after = branches.merge_pull(self.world, found.number, Method(how))
        self._pushed("main", before, after)

    def _through_the_queue(self, pull: Pull) -> str:
        """The queue's commit is checked before it lands. Skip: the check failed, and the pull request leaves the queue."""
        entry = branches.enqueue(self.world, pull.number)
        self.jobs += 1
        inputs = self._inputs(entry.head)
        if self.way == "merge":
            inputs["image"] = "built-on-merge"
        job = merge_group_job(self.wires, entry, inputs=inputs, run=self.jobs)
        seen = self.truth.before_deploy(job, queue=[entry])
        ended = self.runner.run(job)
        self.tell(f"  check of #{pull.number} in the queue: {ended.code} {ended.result}")
        problem = self.truth.after_check(seen, ended)
        if problem:
            raise Broken(f"{problem}\n{_end_of(ended)}")
        if ended.code != 0:
            branches.eject(self.world, pull.base_ref, pull.number)
            raise Skip
        return branches.complete(self.world, pull.base_ref)

    def plan_for_them(self, *, pull: str) -> None:
        """A maintainer plans a fork's or Dependabot's pull request by hand."""
        found = self._open_pull(pull)
        merged = branches.merge_ref(self.world, found)
        if merged is None:
            raise Conflict
        self.jobs += 1
        inputs = {**self._inputs(self.world.branches["main"].sha), "pull-request": str(found.number)}
        if self.way == "merge":
            inputs["image"] = "built-on-merge"
        job = dispatch_job(self.wires, "main", inputs=inputs, run=self.jobs)
        self._run_plan(Waiting(what="plan", job=job, pull=found.number), merged=merged)

    def merge_amended(self, *, pull: str, number: int) -> None:
        """Merged on somebody's laptop, with one more change, and pushed: GitHub calls it merged."""
        found = self._open_pull(pull)
        git, before = self.world.git, self.world.branches["main"].sha
        files = git.merged(before, found.head_sha)
        if files is None:
            raise Conflict
        text = git.read(files["fly.toml"].oid).decode()
        token = self.truth.token("laptop")
        files["fly.toml"] = git.entry(_set_env(text, "QUEUE", token))
        sha = git.commit(
            files,
            parents=[before, found.head_sha],
            author="mona",
            message=f"Merge {pull}, mended ({number})",
            when=int(self.wires.now()),
        )
        branches.push(self.world, "main", sha)
        self._pushed("main", before, sha)

    def push_code(self, *, number: int) -> None:
        """Straight to main."""
        self._push({"src/direct.py": f"print({number})\n"}, f"Direct {number}")

    def push_config(self, *, number: int) -> None:
        tip = self.world.git.files(self.world.branches["main"].sha)
        text = self.world.git.read(tip["fly.toml"].oid).decode()
        changed = _set_env(text, "LIMIT", self.truth.token("push"))
        self._push({"fly.toml": changed}, f"Direct configuration {number}")

    def bot_push(self, *, number: int) -> None:
        """The release bot's commit: pushed with the job's token, it starts nothing."""
        branches.commit(
            self.world, "main", {"CHANGELOG.md": f"{number}\n"}, message=f"Release {number}", author=BOT
        )

    def force_push_main(self, *, number: int) -> None:
        """Somebody amends main's newest commit: what was live is not contained in main any more."""
        before = self.world.branches["main"].sha
        info = self.world.git.info(before)
        files = {**self.world.git.files(before), "src/amended.py": self.world.git.entry(f"print({number})\n")}
        after = self.world.git.commit(
            files, parents=info.parents[:1], author="mona", message="Amended", when=int(self.wires.now())
        )
        branches.push(self.world, "main", after)
        self._pushed("main", before, after)

    def _push(self, changes: dict[str, Any], message: str) -> None:
        before = self.world.branches["main"].sha
        after = branches.commit(self.world, "main", changes, message=message)
        self._pushed("main", before, after)

    # The fleet

    def restart(self, *, machine: int) -> None:
        """Any: a standby that rests runs afterwards."""
        found = self._machine(machine)
        for act in ("stop", "start") if found.state == "started" else ("start",):
            self.wires.by_hand(act, machine=found.id)
            self.wires.wait(30)

    def autoscale(self, *, machine: int) -> None:
        """The proxy starts and stops what has services."""
        found = self._machine(machine)
        if "services" not in found.config:
            raise Skip
        self.wires.by_hand("stop" if found.state == "started" else "start", machine=found.id)
        self.wires.wait(30)

    def move_host(self, *, machine: int) -> None:
        """Fly moves it: another version of the same config."""
        self.wires.by_hand("update", machine=self._machine(machine).id, config={})
        self.wires.wait(30)

    def edit_by_hand(self, *, machine: int, number: int) -> None:
        token = self.truth.token("hand")
        found = self._machine(machine)
        self.wires.by_hand("update", machine=found.id, config={"env": {"COLOUR": token}})
        self.wires.wait(30)

    def clone_by_hand(self, *, machine: int) -> None:
        self.wires.by_hand("clone", machine=self._machine(machine).id)
        self.wires.wait(30)

    def lose_marks(self, *, machine: int | None) -> None:
        """Somebody's script sets metadata anew."""
        machines = self._machines() if machine is None else [self._machine(machine)]
        for found in machines:
            names = [name for name in found.metadata if name.startswith("flightplan_")]
            if names:
                self.wires.by_hand("metadata", machine=found.id, values=dict.fromkeys(names))

    # GitHub

    def edit_comment(self, *, pull: str, undo: bool) -> None:
        for comment in self._comments(pull):
            body = comment.body
            self.world.edit_comment(comment.id, editor="eve", body=f"{body}\nLGTM")
            if undo:
                self.world.edit_comment(comment.id, editor="eve", body=body)

    def delete_comment(self, *, pull: str) -> None:
        for comment in self._comments(pull)[-1:]:
            self.world.delete_comment(comment.id)

    def expire(self) -> None:
        self.wires.wait(self.world.retention_days * 86_400 + 60)

    def wait(self, *, hours: int) -> None:
        self.wires.wait(hours * 3600)

    def github_hiccup(self, *, what: str) -> None:
        faults = self.wires.github.faults
        match what:
            case "stale" | "unsettled":
                self.next_deploy[what] = True
            case "lost":
                faults.order(operation="create-status", status=502, commit=True)
                faults.order(operation="create-comment", status=502, commit=True)
            case _:
                faults.order(operation="*", status=503, times=2)

    # Jobs

    def slow_jobs(self, *, what: str) -> None:
        self.slow.add(what)

    def settle(self) -> None:
        """Runners are free again: everything that waits runs."""
        self.slow.clear()
        self._work()

    def rerun(self, *, back: int) -> None:
        """Somebody presses Re-run on an old deploy."""
        old = self.deploys[-1 - back % len(self.deploys)].job
        again = Job(
            event=old.event,
            sha=old.sha,
            ref=old.ref,
            payload=old.payload,
            inputs=old.inputs,
            run=old.run,
            attempt=old.attempt + 1,
        )
        self._deploy(again)

    def runner_dies(self, *, writes: int) -> None:
        self.next_deploy["dies"] = writes

    def planner_dies(self, *, answers: int) -> None:
        """Perhaps between the comment and its status."""
        self.next_plan = answers

    def cancel(self, *, writes: int) -> None:
        self.next_deploy["cancelled"] = writes

    def upgrade(self, *, back: bool) -> None:
        """Plans are made by the previous minor version until the workflow names the newer one."""
        self.plans_older = back

    def two_jobs(self, *, pull: str) -> None:
        """A workflow without `concurrency` that starts twice: one plan comment and one valid review are left."""
        found = self._open_pull(pull)
        sha = branches.merge_ref(self.world, found)
        if sha is None or found.head_repository or found.author == "dependabot[bot]":
            raise Skip
        jobs = []
        for action in ("synchronize", "reopened"):
            self.jobs += 1
            inputs = self._plan_inputs(found, sha)
            jobs.append(pull_request_job(self.wires, found, sha, action=action, inputs=inputs, run=self.jobs))
        self.waiting = [w for w in self.waiting if w.pull != found.number]
        seen = self.truth.before_plan(found, jobs[0], merged=sha)
        ended = self.runner.run_at_once(*jobs)
        self.tell(f"  two plans of #{found.number} at once: {[(one.code, one.result) for one in ended]}")
        self.truth.after_plan(seen, ended[0])
        problem = self.truth.after_two_plans(found, ended)
        if problem:
            raise Broken(f"{problem}\n{_end_of(ended[0])}\n{_end_of(ended[1])}")

    def bad_image(self) -> None:
        """The next build starts and never becomes healthy."""
        self.next_deploy["bad"] = True

    def approve(self) -> None:
        """Follow the recipe of the last refusal."""
        if self.deploys and self.deploys[-1].code == 4:
            self._follow_recipe(self.deploys[-1])

    def find_a_way_on(self) -> None:
        """Whatever happened: an ordinary pull request, or what the refusal says, brings main's tip live."""
        for attempt in range(4):
            tip = self.world.branches["main"].sha
            if self.truth.live_commit == tip:
                return
            self.tell(f"a way on, try {attempt + 1}")
            if self.deploys and self.deploys[-1].code == 4 and self.deploys[-1].job.sha == tip:
                self._follow_recipe(self.deploys[-1])
            else:
                name = f"last{attempt}"
                self.open(pull=name, kinds="code", who="mona")
                self.merge(pull=name, how="merge", update=True)
        if self.truth.live_commit != self.world.branches["main"].sha:
            raise Broken(f"no way on: {_end_of(self.deploys[-1])}")

    def _follow_recipe(self, refused: Ended) -> None:
        found = re.search(r"approve: `?([0-9a-f]{64})", refused.log)
        if found is None:
            raise Broken(f"a refusal without a recipe: {_end_of(refused)}")
        inputs = {**self._inputs(refused.job.sha), "approve": found[1]}
        image = re.search(r"image: `?(registry\S+@sha256:[0-9a-f]{64})", refused.log)
        if image:
            inputs["image"] = image[1]
        elif self.way != "none":
            inputs["image"] = self._image(self.world.branches["main"].sha)
        self.jobs += 1
        self._deploy(dispatch_job(self.wires, "main", inputs=inputs, run=self.jobs))

    def _plan(self, pull: Pull, action: str) -> None:
        sha = branches.merge_ref(self.world, pull)
        if sha is None:
            return
        self.jobs += 1
        job = pull_request_job(
            self.wires,
            pull,
            sha,
            action=action,
            inputs=self._plan_inputs(pull, sha),
            run=self.jobs,
            older=self.plans_older,
        )
        self.waiting = [w for w in self.waiting if w.pull != pull.number]  # cancel-in-progress: true
        self.waiting.append(Waiting(what="plan", job=job, pull=pull.number))
        self._work()

    def _plan_inputs(self, pull: Pull, sha: str) -> dict[str, str]:
        inputs = self._inputs(sha)
        if pull.head_repository or pull.author == "dependabot[bot]":
            inputs |= {"fly-api-token": "", "github-token": "ghs_reads"}
        elif self.way == "merge":
            inputs["image"] = "built-on-merge"
        elif self.way == "pull":
            inputs["image"] = self._image(sha)
        return inputs

    def _pushed(self, branch: str, before: str, after: str, *, image: str = "") -> None:
        if branch != "main":
            return
        inputs = self._inputs(after)
        if image or self.way == "merge":
            inputs["image"] = image or self._image(after)
        self.jobs += 1
        job = push_job(self.wires, branch, before=before, after=after, inputs=inputs, run=self.jobs)
        self.waiting = [
            w for w in self.waiting if w.what != "deploy"
        ]  # concurrency: the older one is cancelled
        self.waiting.append(Waiting(what="deploy", job=job))
        self._work()

    def _work(self) -> None:
        for waiting in list(self.waiting):
            if waiting.what in self.slow:
                continue
            self.waiting.remove(waiting)
            if waiting.what == "plan":
                self._run_plan(waiting, merged=waiting.job.sha)
            else:
                self._deploy(waiting.job)

    def _run_plan(self, waiting: Waiting, *, merged: str) -> None:
        assert waiting.pull is not None
        pull = self.world.pulls[waiting.pull]
        seen = self.truth.before_plan(pull, waiting.job, merged=merged)
        dies, self.next_plan = self.next_plan, None

        def arrange() -> None:
            self.wires.dead_after_answers = dies

        ended = self.runner.run(waiting.job, before=arrange)
        self.tell(f"  plan of #{pull.number} ({waiting.job.event}): {ended.code} {ended.result}")
        self.truth.after_plan(seen, ended)
        if ended.code not in (None, 0, 1, 3) and not self.truth.had_faults():
            raise Broken(f"a plan ended with {ended.code}: {_end_of(ended)}")

    def _deploy(self, job: Job) -> None:
        special, self.next_deploy = self.next_deploy, {}
        for pull in self.world.pulls.values():
            if pull.merge_commit_sha == job.sha and pull.merged:
                pull.hidden_for = 1 if special.get("stale") else 0
                pull.unsettled_for = 1 if special.get("unsettled") else 0
        seen = self.truth.before_deploy(job)
        asked = len(self.wires.github.journal)
        ended = self.runner.run(job, before=self._misfortunes(special))
        self.requests.append(len(self.wires.github.journal) - asked)
        self.deploys.append(ended)
        self.tell(f"  deploy of {job.sha[:7]} ({job.event}): {ended.code} {ended.result}")
        problem = self.truth.after_deploy(seen, ended, disturbed=bool(special))
        if not problem and self.requests[-1] > MOST_REQUESTS and self.truth.is_ordinary(seen, ended):
            problem = f"an ordinary push asked GitHub {self.requests[-1]} times"
        if problem:
            raise Broken(f"{problem}\n{_end_of(ended)}")

    def _misfortunes(self, special: dict[str, Any]) -> Callable[[], None]:
        def arrange() -> None:
            if "dies" in special:
                self.wires.dead_after = special["dies"]
            if "cancelled" in special:
                self.wires.cancel_after = special["cancelled"]

        return arrange

    # Small things

    def _inputs(self, sha: str) -> dict[str, str]:
        """What the workflow file of that commit says."""
        files = self.world.git.files(sha)
        written = self.world.git.read(files["inputs.json"].oid) if "inputs.json" in files else b"{}"
        return {
            "allow-destroy": "surplus",
            "fly-api-token": FLY_TOKEN,
            **json.loads(written),
            **self.next_inputs,
        }

    def _image(self, sha: str) -> str:
        """What a build of that commit's tree pushes: the same tree, the same image."""
        tree = self.world.git.info(sha).tree
        word = "bad" if self.next_deploy.pop("bad", False) else "t"
        text = f"registry.fly.io/{shop.APP}:{word}-{tree[:16]}"
        digest = resolve_image(self.wires.fly.world, text).digest
        self.truth.images[digest] = tree
        if word == "bad":
            self.wires.fly.world.behaviours.append(Behaviour(image=f"*{digest}*", boot="crash"))
            self.truth.bad_images.add(digest)
        return f"{text}@{digest}"

    def _changes(self, sha: str, kinds: str, name: str) -> dict[str, str]:
        git = self.world.git
        files = git.files(sha)
        changes = {path: git.read(files[path].oid).decode() for path in ("fly.toml", "flightplan.toml")}
        for kind in kinds.split("+"):
            token = self.truth.token(name)
            spot = sum(map(ord, token))
            match kind:
                case "code":
                    changes[f"src/{name}.py"] = f"print({token!r})\n"
                case "env":
                    setting = shop.SETTINGS[spot % len(shop.SETTINGS)]
                    changes["fly.toml"] = _set_env(changes["fly.toml"], setting, token)
                case "command":
                    changes["fly.toml"] = re.sub(
                        r'  worker = ".*"', f'  worker = "bin/worker {token}"', changes["fly.toml"]
                    )
                case "count":
                    group = ("web", "worker")[spot % 2]
                    changes["flightplan.toml"] = re.sub(
                        rf"(\[groups.{group}\]\n# .*\n)count = \d",
                        rf"\g<1>count = {1 + spot // 2 % 3}",
                        changes["flightplan.toml"],
                    )
                case "group":
                    changes["fly.toml"] = _toggle_group(changes["fly.toml"])
                case "strategy":
                    changes["fly.toml"] = re.sub(r"\n\[deploy\]\n.*\n", "", changes["fly.toml"])
                    changes["fly.toml"] += f"\n[deploy]\n  max_unavailable = {1 + spot % 2}\n"
                case _:
                    changes["inputs.json"] = json.dumps({"strategy": ("rolling", "immediate")[spot % 2]})
        return changes

    def _open_pull(self, name: str) -> Pull:
        if name not in self.pulls or self.world.pulls[self.pulls[name]].closed is not None:
            raise Skip
        return self.world.pulls[self.pulls[name]]

    def _release_branch(self) -> None:
        if "release" not in self.world.branches:
            branches.push(self.world, "release", self.world.git.line(self.world.branches["main"].sha)[-1])

    def _comments(self, pull: str) -> list[Any]:
        if pull not in self.pulls:
            raise Skip
        number = self.pulls[pull]
        return [c for c in self.world.comments_of(number) if c.author == BOT]

    def _machines(self) -> list[Machine]:
        machines = self.wires.fly.world.apps[shop.APP].machines.values()
        return [m for m in machines if m.state not in ("destroyed", "destroying")]

    def _machine(self, number: int) -> Machine:
        machines = self._machines()
        return machines[number % len(machines)]


def _set_env(text: str, name: str, value: str) -> str:
    return re.sub(rf'  {name} = ".*"', f'  {name} = "{value}"', text)


def _toggle_group(text: str) -> str:
    extra = '  # the group cron\n  cron = "bin/cron"\n\n'
    return (
        text.replace(extra, "") if extra in text else text.replace("[http_service]", f"{extra}[http_service]")
    )


def _end_of(ended: Ended) -> str:
    return (
        f"{ended.job.event} {ended.job.sha[:7]} ended with {ended.code} {ended.result}:\n{ended.log[-3000:]}"
    )
