"""What a merge queue may forgive: an image that is built later, and nothing else."""

from __future__ import annotations

import pytest

from entrypoint.planning.review.items import Item, ItemKind, words
from entrypoint.planning.review.merge_queue import stops_a_merge

OPEN = {ItemKind.IMAGE_MISSING, ItemKind.IMAGE_NOT_PINNED}


def item(kind: ItemKind) -> Item:
    return Item(kind=kind, identity={}, parts=(words(kind.value),))


MISSING, NOT_PINNED = item(ItemKind.IMAGE_MISSING), item(ItemKind.IMAGE_NOT_PINNED)


def test_an_image_that_is_built_later__stops_nothing():
    assert stops_a_merge((MISSING,)) == ()
    assert stops_a_merge((MISSING, NOT_PINNED)) == ()


def test_an_image_that_is_given__needs_a_digest():
    assert stops_a_merge((NOT_PINNED,)) == (NOT_PINNED,)


@pytest.mark.parametrize("kind", sorted(set(ItemKind) - OPEN))
def test_everything_else__stops_it(kind: ItemKind):
    other = item(kind)
    assert stops_a_merge((other,)) == (other,)
    assert stops_a_merge((MISSING, other, NOT_PINNED)) == (other,)
    assert stops_a_merge((NOT_PINNED, other)) == (NOT_PINNED, other)
