"""What rule 1 misses, in words: they are what a person reads, and decides by."""

from __future__ import annotations

import pytest

from entrypoint.planning.review.items import (
    CommitRef,
    FieldRefs,
    FileRef,
    Foreign,
    Item,
    Part,
    PullRef,
    Words,
)
from tests.unit.planning.review.repo import missing, started, with_level


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
        case _:
            raise AssertionError(part)


def sentence(item: Item) -> str:
    return " ".join(map(text, item.parts))


def test_one_file_was_changed_and_two_were() -> None:
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")}, title="LEVEL")
    repo.push({"nginx.conf": "y"}, title="nginx")
    repo.push({"nginx.conf": "z", "flightplan.toml": "[groups.web]\ncount = 2\n"}, title="both")
    assert list(map(sentence, missing(repo.history(done=first)))) == [
        "flightplan.toml and nginx.conf were changed by COMMIT both , which came with no pull request",
        "nginx.conf was changed by COMMIT nginx , which came with no pull request",
        "fly.toml:2 env.LEVEL was changed by COMMIT LEVEL , which came with no pull request",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("strategy", "the input strategy"),
        ("file:fly.toml", "the file fly.toml , which is not in git as it is here,"),
        ("file:", "the input file:"),
        ("other:thing", "the input other:thing"),
    ],
)
def test_an_input__or_a_file_that_is_not_in_git(name: str, words: str) -> None:
    repo, first = started()
    (item,) = missing(repo.history(done=first), inputs={name: ("h",)})
    assert sentence(item) == f"{words} is that of no counted review and not that of the last green deploy"
