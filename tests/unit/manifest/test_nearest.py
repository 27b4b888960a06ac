"""Which word was meant."""

from __future__ import annotations

import pytest

from entrypoint.manifest.nearest import nearest, some

KNOWN = ("auto_start_machines", "auto_stop_machines", "min_machines_running", "build-target", "web", "worker")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("auto_stop_machine", "auto_stop_machines"),
        ("auto_machine_start", "auto_start_machines"),
        ("autoStopMachines", "auto_stop_machines"),
        ("AUTO-STOP-MACHINES", "auto_stop_machines"),
        ("min machines running", "min_machines_running"),
        ("build_target", "build-target"),
        ("wroker", "worker"),
        ("webb", "web"),
        ("wbe", "web"),
        ("ebw", ""),
        ("x", ""),
        ("", ""),
        ("database", ""),
        ("w" * 1000, ""),
    ],
)
def test_the_nearest_word(word: str, meant: str) -> None:
    assert nearest(word, KNOWN) == meant


def test_a_long_list_is_not_searched_to_its_end() -> None:
    seen: list[int] = []

    def endless() -> object:
        number = 0
        while True:
            seen.append(number)
            yield f"word{number}"
            number += 1

    nearest("nothing-like-it", endless())  # type: ignore[arg-type]
    assert len(seen) < 200


def test_some_of_many() -> None:
    assert some(("a", "b")) == "a, b"
    assert some(tuple("abcdefghijk"), most=3) == "a, b, c and 8 more"
