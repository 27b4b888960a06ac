"""A refusal: every item a sentence, foreign words escaped, the exact inputs to go on."""

from __future__ import annotations

import re

from entrypoint.kernel.ids import Digest, GroupName, MachineId
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.items import (
    CommitRef,
    FieldRefs,
    FileRef,
    Foreign,
    Item,
    ItemKind,
    MachineRefs,
    PullRef,
    words,
)
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.refusal import MOST_ITEMS, refusal_markdown, refusal_text, superseded_markdown
from tests.unit.planning.kit import machine, plan
from tests.unit.report.made import HOSTILE, run_context

APPROVE = Digest("a" * 64)
RUN = run_context(
    repository="octo/shop", sha="b" * 40, server_url="https://github.com", workflow="flightplan.yml"
)
PLAN = plan("", machine("a"))


def item(*parts) -> Item:
    return Item(kind=ItemKind.UNREVIEWED_CHANGE, identity={"n": str(parts)}, parts=parts)


def refused(*items, problem=None) -> NotReviewed:
    return NotReviewed(items=items, approve=APPROVE, approval_problem=problem)


def test_a_sentence_reads_like_one_and_links_to_what_it_names() -> None:
    told = item(
        FileRef(path="deploy/fly.toml", line=12),
        FieldRefs(paths=("env.LEVEL",)),
        words("was changed by"),
        CommitRef(sha="3f2c1a9" + "0" * 33),
        words(", which came with"),
        PullRef(number=128),
    )
    text = refusal_markdown(PLAN, refused(told), RUN)
    assert (
        f"- [`deploy/fly.toml:12`](https://github.com/octo/shop/blob/{'b' * 40}/deploy/fly.toml#L12) `env.LEVEL` was changed by "
        f"[`3f2c1a9`](https://github.com/octo/shop/commit/3f2c1a9{'0' * 33}), which came with #128.\n" in text
    )
    assert "(https://github.com/octo/shop/actions/workflows/flightplan.yml)" in text
    assert f"approve: {APPROVE}" in text
    log = refusal_text(PLAN, refused(told), RUN)
    assert "  deploy/fly.toml:12 env.LEVEL was changed by 3f2c1a9, which came with #128.\n" in log


def test_machines_are_counted_and_named() -> None:
    ids = tuple(MachineId(f"m{n}") for n in range(10))
    told = item(words("edited by hand on"), MachineRefs(group=GroupName("web"), ids=ids))
    log = refusal_text(PLAN, refused(told), RUN)
    assert "Edited by hand on 10 machines of web (m0, m1, m2, m3, m4, m5, m6, m7 and 2 more machines)." in log


def test_foreign_words_do_nothing() -> None:
    told = item(
        Foreign(text=HOSTILE),
        FileRef(path=HOSTILE, line=None),
        FieldRefs(paths=(HOSTILE,)),
        CommitRef(sha=HOSTILE),
        MachineRefs(group=GroupName(HOSTILE), ids=(MachineId(HOSTILE),)),
    )
    text = refusal_markdown(PLAN, refused(told), RUN)
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 1
    assert "<!--" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "\x1b" not in text + refusal_text(PLAN, refused(told), RUN)
    assert "\n::error" not in refusal_text(PLAN, refused(told), RUN)


def test_many_items_are_cut_in_the_comment_only() -> None:
    items = [item(words(f"number {n}")) for n in range(MOST_ITEMS + 5)]
    assert "… and 5 more" in refusal_markdown(PLAN, refused(*items), RUN)
    assert f"Number {MOST_ITEMS + 4}." in refusal_text(PLAN, refused(*items), RUN)
    assert f"{MOST_ITEMS + 5} things not reviewed" in refusal_markdown(PLAN, refused(*items), RUN)


def test_an_approval_that_does_not_count_says_why() -> None:
    problem = item(words("the approval is of another commit"))
    for text in (
        refusal_markdown(PLAN, refused(item(words("x")), problem=problem), RUN),
        refusal_text(PLAN, refused(item(words("x")), problem=problem), RUN),
    ):
        assert "does not count: The approval is of another commit." in text


def test_the_image_is_named_where_a_run_by_hand_would_not_find_it() -> None:
    from dataclasses import replace

    ref = "shop:v1@sha256:" + "1" * 64
    for source, named in ((ImageSource.INPUT, True), (ImageSource.PROMOTED, True), (ImageSource.FILE, False)):
        made = replace(PLAN, image=Image(ref=ref, digest=None, source=source))
        assert (f"image: {ref}" in refusal_markdown(made, refused(item(words("x"))), RUN)) is named


def test_superseded_names_the_commit_that_is_live() -> None:
    text = superseded_markdown(PLAN, Superseded(by="9" * 40), RUN)
    assert "Nothing was written: [`9999999`](https://github.com/octo/shop/commit/" in text


def test_outside_github_nothing_is_linked() -> None:
    text = refusal_markdown(
        PLAN, refused(item(CommitRef(sha="9" * 40), FileRef(path="fly.toml", line=3))), run_context()
    )
    assert "](" not in text
    assert "`9999999` `fly.toml:3`." in text
