"""Rule 4 (docs/gate.md): the image must be the one of this tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from entrypoint.kernel.images import parse_image
from entrypoint.kernel.json import Json
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, Route, Start, Update
from entrypoint.planning.review.facts import Revision
from entrypoint.planning.review.history import History
from entrypoint.planning.review.items import CommitRef, Foreign, Item, ItemKind, Part, PullRef, words
from entrypoint.planning.review.line import Counted, Walk
from entrypoint.planning.review.record import Record


def promoted_image(walk: Walk, *, tree: str | None) -> Image | None:
    """The image for a run that gives none: that of the newest counted review of the same tree. None if there is no such review."""
    if tree is None:
        return None
    for counted in walk.counted:
        image, planned = counted.record.image, counted.record.checkout.tree
        if _is_built(image) and planned == tree:
            return Image(ref=image.ref, digest=image.digest, source=ImageSource.PROMOTED)
    return None


def image_items(plan: Plan, history: History, walk: Walk, *, revision: Revision | None) -> tuple[Item, ...]:
    """One item for each problem with the image of a plan."""
    return (*_source_items(plan.image, history, walk, revision=revision), *_unpinned(plan))


def image_by_hand(plan: Plan, history: History, *, revision: Revision | None) -> tuple[Item, ...]:
    """For a run with an approval where nothing else is missing: an item if the image was given by hand and nothing ties it to the tree."""
    image, tree = plan.image, history.tree
    is_tied = tree is not None and (
        any(
            _is_built(c.record.image)
            and c.record.image.digest == image.digest
            and c.record.checkout.tree == tree
            for c in _all_reviews(history)
        )
        or (revision is not None and revision.tree == tree)
    )
    if image.source is not ImageSource.INPUT or is_tied:
        return ()
    return (
        Item(
            kind=ItemKind.IMAGE_BY_HAND,
            identity={"image": image.digest or image.ref},
            parts=(
                words(
                    "the image was given by hand, and nothing says that it was built from the pushed commit"
                ),
            ),
        ),
    )


def _source_items(image: Image, history: History, walk: Walk, *, revision: Revision | None) -> Iterator[Item]:
    tree = history.tree
    match image.source:
        case ImageSource.INPUT | ImageSource.PROMOTED:
            planned = [c for c in _all_reviews(history) if _is_built(c.record.image)]
            same = [c for c in planned if image.digest is not None and c.record.image.digest == image.digest]
            matches = [c for c in same if tree is not None and c.record.checkout.tree == tree]
            if same and not matches:
                yield _of_other_tree(same[0], image, walk)
            elif image.source is ImageSource.PROMOTED and not matches:
                yield _of_no_review(image)
            if revision is not None and revision.tree != tree:
                yield _of_other_commit(revision, image)
        case ImageSource.LIVE | ImageSource.FILE:
            for counted in walk.counted:
                if _is_built(counted.record.image):
                    yield _of_other_tree(counted, counted.record.image, walk)
                    return
            if image.source is ImageSource.LIVE:
                yield from _missing(walk.counted)
        case ImageSource.BUILT_ON_MERGE:
            yield _not_given()
        case _:
            assert_never(image.source)


def _is_built(image: Image) -> bool:
    """Whether the plan's image was built from the planned tree: the input gave it with a digest. One in fly.toml belongs to no tree."""
    return image.sealed and image.source in (ImageSource.INPUT, ImageSource.PROMOTED)


def _all_reviews(history: History) -> Iterator[Counted]:
    """Every valid review that was read, even one that does not count: what it says about an image is still true."""
    for commit, reviews in history.pulls.items():
        for review in reviews:
            if isinstance(review.evidence, Record):
                yield Counted(pull=review.number, commit=commit, record=review.evidence)


def _missing(counted: Sequence[Counted]) -> Iterator[Item]:
    if any(c.record.image.source is ImageSource.BUILT_ON_MERGE for c in counted):
        yield _not_given()


def _not_given() -> Item:
    return Item(
        kind=ItemKind.IMAGE_MISSING,
        identity={},
        parts=(words("the plan was made with image: built-on-merge, and this run gives no image"),),
    )


def _of_other_tree(planned: Counted, image: Image, walk: Walk) -> Item:
    return Item(
        kind=ItemKind.IMAGE_OF_OTHER_TREE,
        identity={"image": image.digest or image.ref, "tree": planned.record.checkout.tree},
        parts=(
            words("the image that"),
            PullRef(number=planned.pull),
            words("was planned with"),
            *_why_of_other_tree(planned, walk),
            words("update the branch before the merge, or build the image on push"),
        ),
    )


def _why_of_other_tree(planned: Counted, walk: Walk) -> tuple[Part, ...]:
    """For example: was built before #128 was merged. The likely reason is the newest other pull request of the walk. Without one: the
    commit that it was merged onto, if the plan was made on another.
    """
    later = next((c.pull for c in walk.counted if c.pull != planned.pull), None)
    if later is not None:
        return words("was built before"), PullRef(number=later), words("was merged;")
    base = planned.record.checkout.base_sha
    onto = next((c.parents[0] for c in walk.commits if c.sha == planned.commit and c.parents), None)
    if onto is not None and base not in (None, onto):
        return words("was built before"), CommitRef(sha=onto), words("was there;")
    return (words("was not built from the pushed commit's tree;"),)


def _of_no_review(image: Image) -> Item:
    return Item(
        kind=ItemKind.IMAGE_OF_OTHER_TREE,
        identity={"image": image.digest or image.ref, "tree": None},
        parts=(words("no review of the pushed commit's tree has this image"),),
    )


def _of_other_commit(revision: Revision, image: Image) -> Item:
    return Item(
        kind=ItemKind.IMAGE_OF_OTHER_TREE,
        identity={"image": image.digest or image.ref, "tree": revision.tree},
        parts=(
            words("the image says that it was built from"),
            CommitRef(sha=revision.commit),
            words(", whose files are not those of the pushed commit"),
        ),
    )


def _unpinned(plan: Plan) -> Iterator[Item]:
    """An image without a known digest is a problem, because a tag may move. An empty text is that of a new machine, where no machine runs one."""
    texts = sorted({text for text in _written_images(plan) if not _is_pinned(text)})
    named = ", ".join(filter(None, texts))
    if texts:
        yield Item(
            kind=ItemKind.IMAGE_NOT_PINNED,
            identity={"images": list(texts)},
            parts=(words("no digest is known for the image"), Foreign(text=named))
            if named
            else (words("no image is known for the new machines"),),
        )


def _is_pinned(text: str) -> bool:
    reference = parse_image(text)
    return reference is not None and reference.digest is not None


def _written_images(plan: Plan) -> Iterator[str]:
    for _, step in plan.steps():
        match step:
            case Create():
                if step.done is None:
                    yield _text(step.config)
            case Update():
                if not step.done:
                    yield _text(step.config)
            case Start() | Route() | Cordon() | Discard() | Destroy():
                pass
            case _:
                assert_never(step)


def _text(config: Mapping[str, Json]) -> str:
    image = config.get("image")
    return image if isinstance(image, str) else ""
