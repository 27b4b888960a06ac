"""Foreign text in a comment says what it says and does nothing: read back by a Markdown parser, and by GitHub's own triggers."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from entrypoint.kernel.quoting import ticked
from entrypoint.report.findings.annotations import neutral
from entrypoint.report.text.escape import cell, code, fence, inline, plain, sentence

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
NASTY = st.lists(
    st.sampled_from(
        ["`", "``", "```", "|", "\\", "*", "_", "~~", "[x](y)", "<!-- ", "-->", "<img src=x>", "</details>", "&lt;", "$x$", "#",
         "# ", "- ", "1. ", "> ", "---", "\n", "\r\n", "\t", " ", "@team", "#1", "GH-1", "https://x.y", "www.x.y", "a", "é", "\U0001f6eb",
         "\u202e", "\u200b", "\x1b[31m", "\0", "\ud800", "a@b.c", "![", "<https://x.y>"]
    ),
    max_size=8,
).map("".join)  # fmt: skip
TEXT = NASTY | st.text(max_size=40)
TRIGGERS = re.compile(r"@\w|(?<![\w&])#\d|\bGH-\d|://|www\.", re.IGNORECASE)


def tokens(markdown):
    for token in PARSER.parse(markdown):
        yield token
        yield from token.children or ()


@given(TEXT, TEXT, TEXT)
def test_a_table_row_stays_one_row_of_plain_text(first, second, third):
    row = f"| {cell(inline(first))} | {cell(code(second))} | {cell(sentence(third))} |"
    found = list(tokens(f"| a | b | c |\n|---|---|---|\n{row}\n\nafter"))
    kinds = [token.type for token in found]
    assert kinds.count("tr_open") == 2
    assert kinds.count("td_open") == 3
    allowed = {"text", "code_inline", "inline", "text_special", "paragraph_open", "paragraph_close"}
    assert {
        kind for kind in kinds if not kind.startswith(("table", "thead", "tbody", "tr_", "th_", "td_"))
    } <= allowed


@given(TEXT)
def test_code_says_what_it_says__in_a_table_and_elsewhere(text):
    inside = f"| a |\n|---|\n| {cell(code(text))} |"
    for markdown in (f"- {code(text)}", inside):
        shown = [token.content for token in tokens(markdown) if token.type == "code_inline"]
        assert [word.strip() for word in shown] == [plain(text)]


@given(TEXT, TEXT)
def test_a_name_in_a_message_stays_code(one, other):
    """However many backticks it has: what stands around it is ours."""
    found = list(tokens(f"- {sentence(f'{ticked(one)} is not {ticked(other)}.')}"))
    shown = [token.content.strip() for token in found if token.type == "code_inline"]
    assert shown == [plain(name.replace("`", "'")) for name in (one, other)]


def test_nothing_invisible_survives():
    """Two names that look alike are alike: bidi marks, soft hyphens, tags (they spell whole hidden sentences)."""
    hidden = "a\u061cb\xadc\u180ed\u200be\u2066f\U000e0041g"
    assert plain(hidden) == "a b c d e f g"
    assert not set(fence([hidden])) & set("\u061c\xad\u180e\u200b\u2066\U000e0041")


@given(TEXT)
def test_words_survive_and_nothing_in_them_triggers_github(text):
    found = list(tokens(f"- {inline(text)}"))
    assert {t.type for t in found} <= {
        "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
        "paragraph_open", "paragraph_close", "inline", "text", "text_special",
    }  # fmt: skip
    shown = "".join(t.content for t in found if t.type in ("text", "text_special"))
    assert shown.replace("\u2060", "") == plain(text)
    assert not TRIGGERS.search(shown)


@given(st.lists(TEXT, max_size=4))
def test_a_fence_is_ended_by_nothing_inside(lines):
    found = PARSER.parse(f"{fence(lines, language='diff')}\n\nafter")
    assert [t.type for t in found] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@given(TEXT)
def test_nothing_hides_a_comment_that_could_pass_for_our_record(text):
    for safe in (inline(text), sentence(text)):
        assert not any(t.type.startswith("html") for t in tokens(f"x {safe}"))


@given(TEXT)
def test_a_log_line_is_no_command(text):
    for line in neutral(f"::error::{text}").splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    assert "\x1b" not in neutral(text)
    neutral(text).encode("utf-8")
