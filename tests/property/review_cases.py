"""The oracle's question, put to the product: its commits, reviews and machines in the product's own types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from entrypoint.fleet.fingerprints import Fingerprints
from entrypoint.fleet.marks import FINGERPRINT, MADE, CommitMark, DoneMark, format_commit
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import AppName, Digest, GroupName, MachineId, Region, Version, VolumeId
from entrypoint.kernel.reviews import BlobState
from entrypoint.kernel.run import AllowDestroy, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import (
    BootWatch,
    Digests,
    FirstProof,
    GroupPlan,
    Kept,
    Lane,
    LockKind,
    Plan,
    Stage,
    Traits,
    Wave,
)
from entrypoint.planning.model.steps import Destroy, GateKind, HealthGate, LeaseSpan, Step, Update
from entrypoint.planning.review.checkout import Checkout
from entrypoint.planning.review.facts import DeployFacts, Revision
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.history import (
    Cause,
    History,
    LineCommit,
    MergedReview,
    NoReview,
    Relation,
)
from entrypoint.planning.review.items import ItemKind
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.record import Destroyed, Record
from entrypoint.planning.review.rules import Allowed, NotReviewed, may_run
from tests.month.cases import LOCAL, MACHINES
from tests.month.oracle import SUPERSEDED, Case, Landed, Review, Touched, Verb, Verdict

KEY = ReviewKey(app="acme-shop", config="fly.toml", environment="")
AMS = Region("ams")
GATE = HealthGate(kind=GateKind.BOOT, timeout=60)
RULES: Mapping[ItemKind, int] = {
    ItemKind.FIRST_DEPLOY: 1,
    ItemKind.UNREAD_HISTORY: 1,
    ItemKind.UNREVIEWED_CHANGE: 1,
    ItemKind.NO_EVIDENCE: 1,
    ItemKind.NOT_AS_REVIEWED: 1,
    ItemKind.INPUT_CHANGED: 1,
    ItemKind.NOT_EXACT: 1,
    ItemKind.HAND_EDITED: 2,
    ItemKind.DESTRUCTION_NOT_SHOWN: 3,
    ItemKind.IMAGE_OF_OTHER_TREE: 4,
    ItemKind.IMAGE_MISSING: 4,
    ItemKind.IMAGE_NOT_PINNED: 4,
    ItemKind.NOT_FORWARDS: 5,
}


def ask(case: Case) -> tuple[Verdict, str]:
    """The rules that the product finds broken, and its words."""
    decision = may_run(history_of(case), plan_of(case), facts_of(case))
    match decision:
        case Allowed():
            return frozenset(), decision.by
        case Superseded():
            return SUPERSEDED, ""
        case NotReviewed():
            return frozenset(RULES[item.kind] for item in decision.items), str(decision.items)


def facts_of(case: Case) -> DeployFacts:
    tree = case.image_tree
    named = next((s for s in case.git.line(case.head) if case.git.info(s).tree == tree), case.head)
    return DeployFacts(
        key=KEY,
        paths=tuple(PathRead(path=path, is_toml=path != LOCAL) for path in sorted(case.reads)),
        branches=frozenset(("main",)),
        inputs={name: (value,) for name, value in case.inputs.items()},
        revision=None if tree is None else Revision(commit=named, tree=tree),
        is_exact=case.exact,
    )


def history_of(case: Case) -> History:
    git, done = case.git, case.done
    since = git.between(done.commit, case.head) if done else git.ancestors(case.head)
    return History(
        head=case.head,
        line=tuple(
            LineCommit(sha=s, parents=git.info(s).parents, tree=git.info(s).tree) for s in git.line(case.head)
        ),
        graph={s: git.info(s).parents for s in since},
        graph_is_since_done=done is not None,
        done=DoneMark(run=7, commit=done.commit, key=KEY.hash, inputs=done.inputs) if done else None,
        pulls=_pulls(case),
        files={
            (s, path): BlobState(oid=e.oid, text=git.read(e.oid).decode())
            if (e := git.files(s).get(path))
            else None
            for s in _all_commits(case)
            for path in case.reads
        },
        written={s: _relation(case, s) for s in case.written[-1:]},
    )


def _all_commits(case: Case) -> set[str]:
    ends = [case.head, *(pull.head for pull in case.landed)]
    return {s for end in ends for s in case.git.ancestors(end)}


def _relation(case: Case, sha: str) -> Relation:
    if sha == case.head:
        return Relation.SAME
    if case.git.contains(case.head, sha):
        return Relation.CONTAINED
    return Relation.CONTAINS if case.git.contains(sha, case.head) else Relation.DIVERGED


def _pulls(case: Case) -> dict[str, tuple[MergedReview, ...]]:
    found: dict[str, tuple[MergedReview, ...]] = {}
    line = case.git.line(case.head)
    for pull in case.landed:
        if pull.at not in line:
            continue
        merged = MergedReview(
            number=pull.number,
            head=pull.head,
            base="main",
            merge_base=case.git.merge_base(case.git.line(pull.at)[1], pull.head),
            commits=pull.commits,
            evidence=_record(pull, pull.review) if pull.review else NoReview(cause=Cause.NONE),
            merged_at=case.git.info(pull.at).when,
        )
        found[pull.at] = (*found.get(pull.at, ()), merged)
    return found


def _record(pull: Landed, review: Review) -> Record:
    return Record(
        checkout=Checkout(
            pull=pull.number,
            base_branch="main",
            base_sha=review.planned_on,
            head=pull.head,
            tree=review.tree,
        ),
        key=KEY,
        digests=_digests(review.plan),
        traits=Traits(intent={}),
        base={},
        fingerprints={
            f"{group}{form}": _fingerprint(form, group)
            for group, forms in review.fingerprints.items()
            for form in forms
        },
        destroys=tuple(
            Destroyed(
                id=MachineId(m), group=GroupName(MACHINES[m]), region=AMS, volumes=tuple(sorted(volumes))
            )
            for m, volumes in review.shown.items()
        ),
        counts=review.counts,
        image=_image(review.image, ImageSource.INPUT),
        inputs=review.inputs,
        allow_destroy=AllowDestroy(review.consent),
        blocked=review.blocked,
        version="0",
    )


def plan_of(case: Case) -> Plan:
    groups = tuple(_group(case, name) for name in ("web", "worker"))
    steps = tuple(step for group in groups for step in group.steps)
    wave = Wave(number=1, steps=steps, boot_watch=BootWatch.HOLDS)
    return Plan(
        app=AppName("acme-shop"),
        image=_image(case.image, ImageSource.INPUT),
        live_images=(),
        strategy=Strategy.ROLLING,
        verify=None,
        leaves_out=False,
        on_failure=OnFailure.ROLLBACK,
        release=None,
        lock=LockKind.LEASES,
        stages=(
            Stage(lanes=(Lane(group=GroupName("web"), waves=(wave,), first_proof=FirstProof.FIRST_RUNNING),)),
        ),
        groups=groups,
        digests=_digests(case.plan),
        traits=Traits(intent={}),
        base={},
        findings=(),
        blockers=(),
        resumes=False,
        definition={},
        counts={**dict.fromkeys(("web", "worker"), "absent"), **case.counts},
        allow_destroy=AllowDestroy.ALL,
    )


def _group(case: Case, name: str) -> GroupPlan:
    """What is written, and beside it machines that carry the marks of what we gave the group."""
    kept = [
        Kept(group=GroupName(name), machine=_machine(f"k{name}{f}", name, f, mark=f), reason="")
        for f in sorted(case.marks.get(name, ()))
    ]
    return GroupPlan(
        name=GroupName(name),
        is_new=False,
        is_gone=False,
        regions=(),
        steps=tuple(_step(case, item) for item in case.touched if item.group == name),
        kept=tuple(kept),
        gate="boot",
        running=1,
        width=1,
        volumes=(),
        is_down=False,
    )


def _step(case: Case, item: Touched) -> Step:
    machine = _machine(item.id, item.group, item.fingerprint, made=case.head if item.ours_since_done else "")
    volumes = tuple(VolumeId(v) for v in sorted(item.volumes))
    group = GroupName(item.group)
    match item.verb:
        case Verb.UPDATE:
            config = {**machine.config, "image": f"registry.fly.io/acme-shop@sha256:{'9' * 64}"}
            return Update(
                group=group,
                machine=machine,
                config=config,
                before="",
                after="",
                changes=(),
                image_changes=True,
                launch=True,
                as_found=False,
                start=False,
                serves=True,
                reason="",
                gate=GATE,
                gate_if_resting=GATE,
                undo_gate=GATE,
                lease=LeaseSpan.ROLLOUT,
            )
        case Verb.REPLACE | Verb.DESTROY:
            return Destroy(
                group=group,
                region=AMS,
                id=machine.id,
                machine=machine,
                before="",
                volumes=volumes,
                reason="",
                gate=GATE,
                replaced=item.verb is Verb.REPLACE,
            )


def _machine(ident: str, group: str, form: str, *, mark: str = "", made: str = "") -> Machine:
    metadata = {"fly_process_group": group}
    if mark:
        metadata[FINGERPRINT] = _fingerprint(mark, group)
    if made:
        metadata[MADE] = format_commit(CommitMark(commit=made, key=KEY.hash, run=8))
    return Machine(
        id=MachineId(ident),
        name=ident,
        version=Version("v"),
        state="started",
        region=AMS,
        config={**_config(form), "metadata": metadata},
        image_digest=f"sha256:{'0' * 64}",
    )


def _config(form: str) -> dict[str, Any]:
    return {"image": f"registry.fly.io/acme-shop@sha256:{'0' * 64}", "env": {"FORM": form}}


def _fingerprint(form: str, group: str) -> str:
    bare = {**_config(form), "metadata": {"fly_process_group": group}}
    machine = Machine(
        id=MachineId("x"),
        name="x",
        version=Version("v"),
        state="started",
        region=AMS,
        config=bare,
        image_digest=f"sha256:{'0' * 64}",
    )
    return Fingerprints(secret=None).of(machine)


def _image(name: str | None, source: ImageSource) -> Image:
    if name is None:
        return Image(ref=None, digest=None, source=ImageSource.LIVE)
    digest = f"sha256:{name[1:] * 64}"
    return Image(ref=f"registry.fly.io/acme-shop@{digest}", digest=digest, source=source)


def _digests(word: str) -> Digests:
    return Digests(intent=Digest(word), base=Digest(word), plan=Digest(word))
