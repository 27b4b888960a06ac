"""docs/messages.md, made from the code: `python -m tests.contract.messages_page` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from entrypoint.report.text.escape import sections_in_code
from tests.contract.messages import Message, collect
from tests.stage import ROOT

PAGE = ROOT / "docs" / "messages.md"
_HEAD = """# Messages

Everything that Flightplan says to people, collected from the code by `tests/contract/messages.py`. A test keeps this page up to date;
`python -m tests.contract.messages_page` writes it anew. What to do about the most common ones: [troubleshooting.md](troubleshooting.md).

`<name>` stands for a value, `[one|other]` for a choice, `[one]` for what is not always there. What stands after → is the hint. `exit 2` and
`exit 6` are [exit codes](inputs.md#exit-codes); other words in front are ids of findings, [of files](rules/README.md) or [of a plan](plan-findings.md).
"""
_SECTIONS = {
    "What to run": ("app.py", "modes/", "adapters/runner/", "adapters/", "kernel/"),
    "fly.toml and flightplan.toml": ("manifest/",),
    "The plan": ("planning/", "fleet/"),
    "The gate": ("planning/review/",),
    "The rollout": ("rollout/",),
    "Comments, summary and log": ("report/",),
    "Fly's Machines API": ("adapters/machines/",),
    "GitHub": ("adapters/github/",),
    "Registries": ("adapters/registry/",),
    "The URL of [verify]": ("adapters/verify/",),
}  # fmt: skip


def section_of(file: str) -> str:
    """The section that a file's messages stand in: the one with the longest beginning of its path."""
    begins = [
        (len(begin), title)
        for title, beginnings in _SECTIONS.items()
        for begin in beginnings
        if file.startswith(begin)
    ]
    assert begins, f"{file} has messages and no section: add its folder to _SECTIONS"
    return max(begins)[1]


def make_page(messages: Sequence[Message]) -> str:
    """The whole page."""
    by_section = {title: [m for m in messages if section_of(m.file) == title] for title in _SECTIONS}
    lines = [line for title, found in by_section.items() if found for line in _section(title, found)]
    return _HEAD + "\n".join(lines) + "\n"


def _section(title: str, messages: Sequence[Message]) -> Iterator[str]:
    yield f"\n## {title}\n"
    for file, group in groupby(messages, key=lambda message: message.file):
        yield f"`{file}`\n"
        yield from (_line(message) for message in group)
        yield ""


def _line(message: Message) -> str:
    kind = f"`{message.kind}` " if message.kind else ""
    hint = f" → {_plain(message.hint)}" if message.hint else ""
    return f"- {kind}{_plain(message.text)}{hint}"


def _plain(text: str) -> str:
    """One line, with its signs as they are, and sections in code font."""
    text = sections_in_code(" ".join(text.split()))
    return text.replace("<", "\\<").replace("*", "\\*").replace("](", "]\\(")


if __name__ == "__main__":
    PAGE.write_text(make_page(list(collect())), "utf-8")
