"""May this plan run? The five rules of the gate (docs/gate.md) as one function without input or output that never raises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

from entrypoint.fleet.marks import made_mark
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import Digest, MachineId
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.approve import approve_digest, is_approved
from entrypoint.planning.review.destruction import not_shown
from entrypoint.planning.review.facts import DeployFacts
from entrypoint.planning.review.forwards import Superseded, check_forwards
from entrypoint.planning.review.history import History
from entrypoint.planning.review.image import image_by_hand, image_items, promoted_image
from entrypoint.planning.review.items import CommitRef, Item, ItemKind, words
from entrypoint.planning.review.known_fleet import unknown_machines
from entrypoint.planning.review.line import Counted, Walk, is_since_done, walk_line
from entrypoint.planning.review.missing import unreviewed


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """It may run."""

    pulls: tuple[int, ...]
    """Pull requests whose reviews count, newest first; empty if no file that is read changed since the last green deploy."""
    is_equal: bool
    """A review is of exactly this plan."""
    is_approved: bool
    """The input `approve` allows it."""

    @property
    def by(self) -> str:
        """Who or what allows it, for people."""
        if self.is_approved:
            return "the approve input"
        if not self.pulls:
            return "the last green deploy: no file that is read has changed since"
        return ", ".join(f"#{pull}" for pull in self.pulls)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReviewed:
    """It may not run. `approve`: what a person types to let it run all the same."""

    items: tuple[Item, ...]
    approve: Digest
    approval_problem: Item | None = None
    """Why the approval that was given does not count."""


Decision: TypeAlias = Allowed | Superseded | NotReviewed


def may_run(history: History, plan: Plan, facts: DeployFacts) -> Decision:
    """Whether `plan` may be executed for `history.head`. Blockers are not considered here; the caller stops a blocked plan."""
    forwards = check_forwards(history)
    if isinstance(forwards, Superseded):
        return forwards
    walk = walk_line(history, paths=facts.paths, branches=facts.branches)
    image = image_items(plan, history, walk, revision=facts.revision)
    equal = _equal(walk, plan)
    reviewed = () if equal is not None else _not_equal(history, walk, plan, facts)
    items = _in_order((*forwards, *image, *reviewed))
    if facts.approve is not None:
        if not facts.may_approve and not items:
            # Otherwise everybody who may start the workflow could deploy any image from any branch.
            items = (_may_not_approve(),)
        items = items or image_by_hand(plan, history, revision=facts.revision)
    if not items:
        pulls = (equal.pull,) if equal is not None else tuple(dict.fromkeys(c.pull for c in walk.counted))
        return Allowed(pulls=pulls, is_equal=equal is not None, is_approved=False)
    return _approved(items, history, walk, plan, facts)


def image_to_promote(history: History, facts: DeployFacts) -> Image | None:
    """The image for a run that gives none: the one that was reviewed with the same tree."""
    return promoted_image(walk_line(history, paths=facts.paths, branches=facts.branches), tree=history.tree)


def made_since_done(
    history: History, machines: Iterable[Machine], facts: DeployFacts
) -> frozenset[MachineId]:
    """Machines that our runs created since the last green deploy. They were never part of a green deploy, so one without a volume may be
    destroyed without having been shown, and without consent.
    """
    walk = walk_line(history, paths=facts.paths, branches=facts.branches)
    return _made_since(history, walk, machines, facts)


def _made_since(
    history: History, walk: Walk, machines: Iterable[Machine], facts: DeployFacts
) -> frozenset[MachineId]:
    """Without a done mark, only machines of commits that count: any other may have been part of a green deploy."""
    counts: AbstractSet[str] = {commit.sha for commit in walk.commits} if walk.is_bounded else set()
    found = ((machine.id, made_mark(machine, key=facts.key.hash)) for machine in machines)
    return frozenset(
        id_ for id_, made in found if made and (made.commit in counts or is_since_done(history, made.commit))
    )


def _equal(walk: Walk, plan: Plan) -> Counted | None:
    """A review of exactly this plan."""
    return next((c for c in walk.reviewed if c.record.digests.plan == plan.digests.plan), None)


def _not_equal(history: History, walk: Walk, plan: Plan, facts: DeployFacts) -> tuple[Item, ...]:
    """Rules 1 to 3."""
    if facts.is_exact:
        return (_not_exact(plan),)
    records = [counted.record for counted in walk.counted]
    machines = [machine for group in plan.groups for machine in group.machines]
    return (
        *unreviewed(history, walk, facts),
        *unknown_machines(plan, records, secret=facts.secret),
        *not_shown(plan, records, exempt=_made_since(history, walk, machines, facts)),
    )


def _not_exact(plan: Plan) -> Item:
    return Item(
        kind=ItemKind.NOT_EXACT,
        identity={"plan": plan.digests.plan},
        parts=(words("gate: exact needs a review of exactly this plan, and there is none"),),
    )


def _in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Each item once, in the order of the rules."""
    return tuple({item.canonical: item for item in items}.values())


def _approved(
    items: tuple[Item, ...], history: History, walk: Walk, plan: Plan, facts: DeployFacts
) -> Allowed | NotReviewed:
    """The decision where items are missing. If an approval was given but does not match, the items include an image given by hand."""
    if facts.approve is None:
        return NotReviewed(items=items, approve=_digest_of(items, history, plan, facts))
    # A given image belongs to one tree, so an approval of an older commit counts only if its tree is the same.
    is_given = plan.image.source is ImageSource.INPUT
    commits = (
        history.head,
        *(commit.sha for commit in walk.commits if not is_given or commit.tree == history.tree),
    )
    by_hand = image_by_hand(plan, history, revision=facts.revision) if facts.may_approve else ()
    whole = _in_order((*items, *by_hand))
    covers = any(
        is_approved(facts.approve, some, key=facts.key, commits=commits, image=plan.image, history=history)
        for some in (items, whole)
    )
    if covers and facts.may_approve:
        return Allowed(
            pulls=tuple(dict.fromkeys(c.pull for c in walk.counted)), is_equal=False, is_approved=True
        )
    return NotReviewed(
        items=whole,
        approve=_digest_of(whole, history, plan, facts),
        approval_problem=_may_not_approve() if covers else _other_approval(history),
    )


def _digest_of(items: Sequence[Item], history: History, plan: Plan, facts: DeployFacts) -> Digest:
    return approve_digest(items, key=facts.key, commit=history.head, image=plan.image, history=history)


def _may_not_approve() -> Item:
    return Item(
        kind=ItemKind.MAY_NOT_APPROVE,
        identity={},
        parts=(
            words(
                "an approval counts from the default branch, or from the protected branch whose push was refused"
            ),
        ),
    )


def _other_approval(history: History) -> Item:
    return Item(
        kind=ItemKind.OTHER_APPROVAL,
        identity={},
        parts=(
            words("the approval does not match what is missing now for"),
            CommitRef(sha=history.head),
            words("with this image"),
        ),
    )
