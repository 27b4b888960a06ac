"""A repository in memory, small enough to read in a test: commits with whole files, every way to merge, and the gate's history of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from entrypoint.fleet.marks import DoneMark
from entrypoint.kernel.ids import Digest
from entrypoint.kernel.reviews import BlobState
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.facts import DeployFacts
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.history import (
    Cause,
    Evidence,
    History,
    LineCommit,
    MergedReview,
    NoReview,
    Relation,
)
from entrypoint.planning.review.items import (
    CommitRef,
    FieldRefs,
    FileRef,
    Foreign,
    Item,
    MachineRefs,
    Part,
    PullRef,
    Words,
)
from entrypoint.planning.review.record import Record
from entrypoint.planning.review.rules import Decision, NotReviewed, may_run
from tests.unit.planning.kit import KEY, machine, plan, record_of

PATHS = (PathRead(path="fly.toml", is_toml=True), PathRead(path="flightplan.toml", is_toml=True),
         PathRead(path="nginx.conf", is_toml=False))  # fmt: skip
FLY = '[env]\nLEVEL = "info"\nCACHE = "on"\n[processes]\nweb = "bin/web"\n'
QUIET = plan('[processes]\nweb = "bin/web"\n', machine("a"), ref=None)
"""A plan that writes nothing: what is asked for is what is live."""
Files = Mapping[str, str]


def sha(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


@dataclass(kw_only=True)
class Repo:
    """`line` is main, oldest first."""

    commits: dict[str, LineCommit] = field(default_factory=dict)
    trees: dict[str, Files] = field(default_factory=dict)
    pulls: dict[str, tuple[MergedReview, ...]] = field(default_factory=dict)
    main: str = ""

    def commit(self, files: Mapping[str, str | None], *parents: str, title: str = "change") -> str:
        """A commit beside main: the first parent's files with some changed; None takes one away."""
        tree = {**(self.trees[parents[0]] if parents else {}), **files}
        kept = {path: text for path, text in tree.items() if text is not None}
        name = sha(f"{len(self.commits)} {parents} {sorted(kept.items())}")
        self.trees[name] = kept
        self.commits[name] = LineCommit(sha=name, parents=parents, tree=self.tree(name), title=title)
        return name

    def tree(self, name: str) -> str:
        return sha(str(sorted(self.trees[name].items())))

    def push(self, files: Mapping[str, str | None], *, title: str = "direct push") -> str:
        """Straight to main."""
        self.main = self.commit(files, *([self.main] if self.main else []), title=title)
        return self.main

    def branch(self, *changes: Mapping[str, str | None], at: str = "") -> str:
        """A feature branch of some commits; its head."""
        head = at or self.main
        for files in changes:
            head = self.commit(files, head)
        return head

    def merged(
        self, head: str, onto: str, files: Mapping[str, str | None] | None = None
    ) -> dict[str, str | None]:
        """The files that a merge changes in `onto`; `files` settles what git could not."""
        base, ours, theirs = self.trees[self.merge_base(onto, head)], self.trees[onto], self.trees[head]
        found: dict[str, str | None] = {
            path: theirs.get(path) for path in {*base, *theirs} if theirs.get(path) != base.get(path)
        }
        return found | dict(files or {}) | dict.fromkeys(base.keys() & ours.keys() - theirs.keys())

    def merge(self, number: int, head: str, *, way: str = "merge", files: Mapping[str, str | None] | None = None,
              amend: Mapping[str, str | None] | None = None, **evidence: Any) -> str:  # fmt: skip
        """Merge pull request `number` into main. `files` as a person resolves it, `amend` as a person falsifies it."""
        onto, base = self.main, self.merge_base(self.main, head)
        changes = {**self.merged(head, onto, files), **(amend or {})}
        own = [name for name in self.line(head) if name not in self.ancestors(base)]
        if way == "merge":
            self.main = self.commit(changes, onto, head, title=f"Merge #{number}")
        elif way == "squash":
            self.main = self.commit(changes, onto, title=f"Squash #{number}")
        elif way == "fast-forward":
            self.main = head
        else:
            for index, name in enumerate(reversed(own)):
                parent = self.commits[name].parents[0]
                step = {p: t for p, t in self.trees[name].items() if self.trees[parent].get(p) != t}
                self.main = self.commit(changes if index == len(own) - 1 else step, self.main)
        self.pulls[self.main] = (
            *self.pulls.get(self.main, ()),
            MergedReview(
                number=number,
                head=head,
                base="main",
                merge_base=base,
                commits=len(own),
                evidence=self.evidence(number, head, onto=onto, files=files, **evidence),
            ),
        )
        return self.main

    def evidence(self, number: int, head: str, *, onto: str, on: str | None = None, cause: Cause | None = None,
                 made: Plan = QUIET, files: Mapping[str, str | None] | None = None, **record: Any) -> Evidence:  # fmt: skip
        """Of a plan made on `on`, without it on the main that it was merged into; of another plan than the one asked about now."""
        if cause is not None:
            return NoReview(cause=cause)
        on = on or onto
        test_merge = {**self.trees[on], **self.merged(head, on, files)}
        kept = {path: text for path, text in test_merge.items() if text is not None}
        inputs, is_equal = record.pop("inputs", None), record.pop("is_equal", False)
        found = record_of(
            made, inputs=inputs, pull=number, base_sha=on, head=head, tree=sha(str(sorted(kept.items())))
        )
        other = replace(found.digests, plan=Digest("0" * 64))
        return replace(found, **{"digests": found.digests if is_equal else other, **record})

    def review(self) -> tuple[MergedReview, Record]:
        """The last merged pull request, and what its evidence says."""
        (review,) = self.pulls[self.main]
        assert isinstance(review.evidence, Record)
        return review, review.evidence

    def change(self, *, evidence: Evidence | None = None, **changes: Any) -> None:
        """Say something else of the last merged pull request."""
        (review,) = self.pulls[self.main]
        self.pulls[self.main] = (replace(review, evidence=evidence or review.evidence, **changes),)

    def line(self, head: str) -> list[str]:
        found = []
        while head:
            found.append(head)
            head = next(iter(self.commits[head].parents), "")
        return found

    def ancestors(self, head: str) -> set[str]:
        found: set[str] = set()
        left = [head]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self.commits[name].parents
        return found

    def merge_base(self, one: str, other: str) -> str:
        both = self.ancestors(one) & self.ancestors(other)
        return max(both, key=lambda name: (len(self.ancestors(name)), name))

    def relation(self, live: str, head: str) -> Relation:
        if live == head:
            return Relation.SAME
        if live in self.ancestors(head):
            return Relation.CONTAINED
        return Relation.CONTAINS if head in self.ancestors(live) else Relation.DIVERGED

    def history(self, *, done: str | None = None, head: str = "", live: tuple[str, ...] = (), inputs: Mapping[str, str] | None = None,
                **changes: Any) -> History:  # fmt: skip
        head = head or self.main
        since = self.ancestors(head) - (self.ancestors(done) if done else set())
        history = History(
            head=head,
            line=tuple(self.commits[name] for name in self.line(head)),
            graph={name: self.commits[name].parents for name in since},
            graph_is_since_done=done is not None,
            done=DoneMark(run=4, commit=done, key=KEY.hash, inputs=inputs or {}) if done else None,
            pulls=self.pulls,
            files={(name, read.path): self.blob(name, read.path) for name in self.commits for read in PATHS},
            written={name: self.relation(name, head) for name in (*live, *([done] if done else []))},
        )
        return replace(history, **changes)

    def blob(self, name: str, path: str) -> BlobState | None:
        text = self.trees[name].get(path)
        return None if text is None else BlobState(oid=sha(text), text=text)


def facts(**changes: Any) -> DeployFacts:
    return replace(DeployFacts(key=KEY, paths=PATHS, branches=frozenset({"main"})), **changes)


def decide(history: History, made: Plan = QUIET, **changes: Any) -> Decision:
    return may_run(history, made, facts(**changes))


def missing(history: History, made: Plan = QUIET, **changes: Any) -> tuple[Item, ...]:
    found = decide(history, made, **changes)
    assert isinstance(found, NotReviewed)
    return found.items


def identity(item: Item) -> dict[str, Any]:
    assert isinstance(item.identity, dict)
    return item.identity


def text(part: Part) -> str:
    match part:
        case Words(text=found) | Foreign(text=found):
            return found
        case FileRef(path=path, line=line):
            return f"{path}:{line}" if line else path
        case FieldRefs(paths=paths):
            return ",".join(paths)
        case CommitRef():
            return "COMMIT"
        case PullRef(number=number):
            return f"#{number}"
        case MachineRefs():
            return "MACHINES"


def sentence(item: Item) -> str:
    return " ".join(map(text, item.parts))


def kinds(history: History, made: Plan = QUIET, **changes: Any) -> list[str]:
    """What is missing, or why nothing is."""
    found = decide(history, made, **changes)
    return (
        [item.kind.value for item in found.items]
        if isinstance(found, NotReviewed)
        else [type(found).__name__]
    )


def with_level(level: str, text: str = FLY) -> str:
    return text.replace('LEVEL = "info"', f'LEVEL = "{level}"')


def with_cache(value: str, text: str = FLY) -> str:
    return text.replace('CACHE = "on"', f'CACHE = "{value}"')


def started(text: str = FLY) -> tuple[Repo, str]:
    """A repository whose first commit is live and green."""
    repo = Repo()
    first = repo.push({"fly.toml": text, "app.py": "1", "nginx.conf": "x"})
    return repo, first


def records(history: History) -> list[Record]:
    return [
        r.evidence for reviews in history.pulls.values() for r in reviews if isinstance(r.evidence, Record)
    ]
