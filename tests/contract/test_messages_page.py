"""docs/messages.md says what the code says, and the words are those of our style."""

from __future__ import annotations

import ast
import re

import pytest

from tests.contract.messages import collect, is_prose, text_of
from tests.contract.messages_page import PAGE, make_page
from tests.stage import ROOT

MESSAGES = list(collect())


def test_the_page_is_made_from_the_code():
    assert len(MESSAGES) > 700, "the search finds nothing any more"
    assert make_page(MESSAGES) == PAGE.read_text("utf-8"), "run: python -m tests.contract.messages_page"


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        (r"\binvalid\b", "say what is valid"),
        (r"\bplease\b(?! report)", "say what to do"),
        (r"\bmend(s|ed)?\b", "fix"),
        (r"\bafresh\b|\banew\b", "again"),
        (r"\b(sorry|oops|unfortunately)\b", "say what happened"),
        (r"\b(out of|into|in) routing\b", "cordoned, uncordoned"),
        (r"\bleft alone\b|\bleaves? .{0,12}alone\b|\buntouched\b|\btouched\b", "changed, unchanged"),
        (r"\brun the workflow again\b", "deploy again, try again: the command line says it, too"),
        (
            r"\b(that|which) is none\b|\bis no (number|duration|host|region|port|URL|manifest|JSON)\b",
            "is not a …",
        ),
    ],
)
def test_no_message_has_the_word(word, instead):
    found = [m for m in MESSAGES if re.search(word, f"{m.text} {m.hint}", re.IGNORECASE)]
    assert found == [], instead


def test_what_a_plan_finds_speaks_of_no_merge():
    """A push, a schedule and the command line show it too. report/plan/occasion.py has the words of a pull request."""
    own = [m for m in MESSAGES if m.file.startswith("planning/") and "planning/review/" not in m.file]
    assert len(own) > 50
    text = [re.sub(r"`[^`]*`|built-on-merge", "", f"{m.text} {m.hint}") for m in own]
    assert [t for t in text if re.search(r"\bmerg(e|es|ed|ing)\b|pull request", t, re.IGNORECASE)] == []


def test_a_text_and_its_places():
    code = """f"{quantity(left)} of {group.name} {'is' if few else 'are'} left" + more"""
    text = text_of(ast.parse(code, mode="eval").body)
    assert text == "<left> of <name> [is|are] left<more>"
    assert is_prose(text)
    assert not is_prose("application/json of <name>")


def test_asserts_and_types_are_no_messages(tmp_path):
    (tmp_path / "rooms.py").write_text(
        'Rooms: TypeAlias = "tuple[one room of many]"\n'
        'assert rooms, "a house has some rooms"\n'
        'raise UsageError("The house has no rooms.")\n'
    )
    assert [m.text for m in collect(tmp_path)] == ["The house has no rooms."]


def test_troubleshooting_quotes_messages_that_exist():
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    said = " ".join(re.sub(r"\s+", " ", f"{m.text} {m.hint}") for m in MESSAGES).replace("`", "").lower()
    missing = []
    for heading in re.findall(r"^### (.*)$", page.partition("## By message")[2], re.MULTILINE):
        for part in re.split(r"…|#\d+|, or |<[^>]*>", heading.replace("`", "")):
            words = part.strip(" .,").lower()
            missing += [heading] if is_prose(words) and words not in said else []
    assert missing == []
