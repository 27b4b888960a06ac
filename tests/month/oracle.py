"""May this deploy run? Answered slowly, from the words of docs/gate.md alone, by looking at every commit with git at hand.

Nothing is imported from the product: where the two differ, one of them is wrong.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tests.simulator_github.git import Repository

STRUCTURED = ("fly.toml", "flightplan.toml")


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a pull request's valid evidence shows. `planned_on`: the base commit that the plan was made on, if it can be told."""

    planned_on: str | None = None
    tree: str | None = None
    image: str | None = None
    """The digest that was given while planning."""
    fingerprints: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By group: a machine is known by its config, so a clone by its sibling's."""
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Machines that it would destroy or replace, with the volumes they leave behind."""
    counts: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    consent: str = "none"
    """`allow-destroy`."""
    blocked: bool = False
    plan: str = ""
    """The plan's digest."""


@dataclass(frozen=True, kw_only=True)
class Landed:
    """A pull request that GitHub calls merged. `review` None: it has no valid evidence."""

    number: int
    at: str
    head: str
    commits: int
    review: Review | None


@dataclass(frozen=True, kw_only=True)
class Done:
    """The last green deploy."""

    commit: str
    inputs: Mapping[str, str] = field(default_factory=dict)


class Verb(StrEnum):
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A machine that exists and that the plan writes."""

    id: str
    group: str
    verb: Verb
    fingerprint: str
    volumes: frozenset[str] = frozenset()
    swap: bool = False
    """A strategy replaces it one for one."""
    ours_since_done: bool = False
    """A run of ours created it since the last green deploy."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A push that asks to be deployed, and all that is true when it asks."""

    git: Repository
    head: str
    landed: Sequence[Landed] = ()
    done: Done | None = None
    written: Sequence[str] = ()
    """Commits that runs of ours wrote under this key, as far as it can be told; the newest last."""
    reads: frozenset[str] = frozenset(STRUCTURED)
    inputs: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fingerprints that a group's machines were given by us."""
    touched: Sequence[Touched] = ()
    image: str | None = None
    """The digest that would be written, unless it is the live one or fly.toml's."""
    image_tree: str | None = None
    """The tree of the commit that the image names."""
    plan: str = "now"
    exact: bool = False


SUPERSEDED: Final = "superseded"
Verdict = frozenset[int] | str
"""The rules it breaks: none means that it runs."""


def may_run(case: Case) -> Verdict:
    """One rule after the other."""
    forwards = _forwards(case)
    if forwards == SUPERSEDED:
        return SUPERSEDED
    counting, counted, is_bounded = _counting(case)
    reviews = [pull.review for pull in counted if pull.review]
    broken: set[int] = set()
    if forwards != "forwards":
        broken.add(5)
    if not _image_fits(case, reviews):
        broken.add(4)
    if any(p.review and p.review.plan == case.plan for p in case.landed if p.at in counting):
        return frozenset(broken)
    if case.exact:
        return frozenset({*broken, 1})
    if not is_bounded or not _all_reviewed(case, counting, counted) or not _inputs_known(case, reviews):
        broken.add(1)
    if not all(_is_known(machine, case, reviews) for machine in case.touched):
        broken.add(2)
    if not all(_was_shown(machine, case, reviews) for machine in case.touched):
        broken.add(3)
    return frozenset(broken)


def _forwards(case: Case) -> str:
    """Rule 5."""
    if not case.written or case.git.contains(case.head, case.written[-1]):
        return "forwards"
    return SUPERSEDED if case.git.contains(case.written[-1], case.head) else "sideways"


def _counting(case: Case) -> tuple[list[str], list[Landed], bool]:
    """The commits that count, newest first; the pull requests among them that brought what they showed; whether something bounds them."""
    bounds = [case.done.commit] if case.done else []
    commits: list[str] = []
    counted: list[Landed] = []
    for commit in case.git.line(case.head):
        if any(case.git.contains(bound, commit) for bound in bounds):
            return commits, counted, True
        commits.append(commit)
        for pull in case.landed:
            if (
                pull.at == commit
                and pull.review is not None
                and not pull.review.blocked
                and _covered(case, pull)
            ):
                counted.append(pull)
                bounds += [pull.review.planned_on] if pull.review.planned_on else []
    return commits, counted, False


def _covered(case: Case, pull: Landed) -> set[str]:
    """The commits that bring what it showed and no more: its merge, its squash, or its rebased commits taken as one.

    A rebase leaves out commits whose change the branch has already.
    """
    line, found = case.git.line(pull.at), set()
    for length in range(1, max(1, pull.commits) + 1):
        own = line[:length]
        is_straight = length == 1 or all(
            len(case.git.info(c).parents) == 1 and not case.git.contains(pull.head, c) for c in own
        )
        if len(line) > length and is_straight and _brings_only(case, pull.head, line[length], pull.at):
            found.update(own)
    return found


def _all_reviewed(case: Case, counting: Sequence[str], counted: Sequence[Landed]) -> bool:
    """Rule 1: each commit changes nothing that is read, or brings what a pull request of its own showed, and no more."""
    covered = {commit for pull in counted for commit in _covered(case, pull)}
    return all(commit in covered or not _changes(case, commit) for commit in counting)


def _changes(case: Case, commit: str) -> bool:
    parents = case.git.info(commit).parents
    if not parents:
        return True
    now, before = case.git.files(commit), case.git.files(parents[0])
    return any(_oid(now, path) != _oid(before, path) for path in case.reads)


def _brings_only(case: Case, head: str, parent: str, commit: str) -> bool:
    base = case.git.merge_base(parent, head)
    if base is None:
        return False
    return all(_path_fits(case, path, parent, base, head, commit) for path in case.reads)


def _path_fits(case: Case, path: str, *commits: str) -> bool:
    oids = [_oid(case.git.files(commit), path) for commit in commits]
    if path in STRUCTURED and None not in oids:
        texts = [case.git.read(oid) for oid in oids if oid]
        try:
            parent, base, head, commit = (tomllib.loads(text.decode()) for text in texts)
        except ValueError:
            pass
        else:
            return _fits(parent, base, head, commit)
    return _scalar_fits(*oids)


def _oid(files: Mapping[str, Any], path: str) -> str | None:
    entry = files.get(path)
    return None if entry is None else str(entry.oid)


class _Missing:
    """No such key."""


MISSING: Final = _Missing()


def _fits(parent: Any, base: Any, head: Any, commit: Any) -> bool:
    four = (parent, base, head, commit)
    if any(isinstance(v, dict) for v in four) and all(isinstance(v, dict | _Missing) for v in four):
        tables = [{} if isinstance(v, _Missing) else v for v in four]
        return all(_fits(*(t.get(k, MISSING) for t in tables)) for k in {k for t in tables for k in t})
    if all(isinstance(v, list) for v in four):
        if len({len(v) for v in four}) == 1:
            return all(_fits(*items) for items in zip(*four, strict=True))
        was, is_, came, wanted = (Counter(map(repr, v)) for v in four)
        if wanted == was + (came - is_) - (is_ - came):
            return True
    return _scalar_fits(*four)


def _scalar_fits(parent: Any, base: Any, head: Any, commit: Any) -> bool:
    expected = parent if _same(head, base) else head
    return _same(commit, expected)


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


def _inputs_known(case: Case, reviews: Sequence[Review]) -> bool:
    """Rule 1's end: each input is as a counted review or the last green deploy had it; left out is a value, too."""
    known = [r.inputs for r in reviews] + ([case.done.inputs] if case.done else [])
    names = {name for inputs in (*known, case.inputs) for name in inputs}
    return all(any(k.get(name) == case.inputs.get(name) for k in known) for name in names)


def _is_known(machine: Touched, case: Case, reviews: Sequence[Review]) -> bool:
    """Rule 2."""
    ours = machine.fingerprint in case.marks.get(machine.group, ())
    return ours or any(machine.fingerprint in r.fingerprints.get(machine.group, ()) for r in reviews)


def _was_shown(machine: Touched, case: Case, reviews: Sequence[Review]) -> bool:
    """Rule 3."""
    if machine.verb is Verb.UPDATE:
        return True
    if not machine.volumes and (machine.swap or machine.ours_since_done):
        return True
    return any(
        _consents(r.consent, machine)
        and not r.blocked
        and machine.volumes <= r.shown.get(machine.id, frozenset({"not shown"}))
        and (machine.id in r.shown)
        and machine.group in r.counts
        and r.counts[machine.group] == case.counts.get(machine.group, "absent")
        for r in reviews
    )


def _consents(consent: str, machine: Touched) -> bool:
    """Surplus machines may go, if no volume is attached; `all`: those with volumes, too, and replacements."""
    if consent == "surplus":
        return not machine.volumes and machine.verb is Verb.DESTROY
    return consent == "all"


def _image_fits(case: Case, counted: Sequence[Review]) -> bool:
    """Rule 4. Any review that ever promoted this digest binds it to its tree; one that counts and cannot be promoted is missed."""
    tree = case.git.info(case.head).tree
    if case.image is None:
        return all(r.image is None for r in counted)
    if case.image_tree is not None and case.image_tree != tree:
        return False
    reviews = [p.review for p in case.landed if p.review and case.git.contains(case.head, p.at)]
    promoted = [r for r in reviews if r.image == case.image]
    return not promoted or any(r.tree == tree for r in promoted)
