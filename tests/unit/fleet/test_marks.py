"""Marks on machines are foreign text: read back what we wrote, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.fleet import marks
from entrypoint.fleet.marks import (
    CommitMark,
    DoneMark,
    commit_mark,
    format_commit,
    format_done,
    made_mark,
    newest_commits,
    newest_done,
    next_run,
    parse_commit,
    parse_done,
)
from tests.unit.planning.kit import KEY, machine

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40
K = KEY.hash
OTHER = "f" * 12


def marked(id_, **metadata):
    return machine(id_, config={"metadata": metadata})


def wrote(id_, commit, run, key=K):
    return marked(id_, flightplan_commit=f"{commit} {key} {run}")


def done(id_, commit, run, key=K, **inputs):
    return marked(id_, flightplan_done=format_done(DoneMark(run=run, commit=commit, key=key, inputs=inputs)))


def test_commit__there_and_back():
    mark = CommitMark(commit=ONE, key=K, run=7)
    assert parse_commit(format_commit(mark)) == mark
    assert parse_commit(f"{ONE} {K}") == CommitMark(commit=ONE, key=K, run=0)


@pytest.mark.parametrize(
    "text",
    ["", ONE, f"{ONE} {K} -1", f"{ONE} {K} 01", f"{ONE} {K} {10**16}", f" {ONE} {K}", f"{ONE} {K} 1\n",
     f"{ONE[:39]} {K} 1", f"{ONE.replace('1', 'G')} {K} 1", f"{ONE} {K}0 1", f"{ONE} {K} ٣"],
)  # fmt: skip
def test_what_is_no_commit_mark(text):
    assert parse_commit(text) is None


def test_done__there_and_back():
    mark = DoneMark(run=3, commit=ONE, key=K, inputs={"scale": "2:ab"})
    assert parse_done(format_done(mark)) == mark


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("n", -1),
        ("n", True),
        ("n", "3"),
        ("n", 1.0),
        ("n", 10**15 + 1),
        ("c", ONE.upper().replace("1", "A")),
        ("c", ONE + "\n"),
        ("c", None),
        ("k", K + "0"),
        ("k", 5),
        ("i", []),
        ("i", {"scale": 1}),
        ("i", None),
    ],
)
def test_what_is_no_done_mark(part, value):
    good = {"n": 3, "c": ONE, "k": K, "i": {}}
    assert parse_done(json.dumps(good)) is not None
    assert parse_done(json.dumps({**good, part: value})) is None
    assert parse_done(json.dumps({k: v for k, v in good.items() if k != part})) is None


@given(st.text() | st.sampled_from(["[" * 100_000, "NaN", '{"n":1e999}', '{"n":' + "9" * 5000 + "}"]))
def test_any_text__is_a_mark_or_none(text):
    parse_done(text)
    parse_commit(text)


def test_the_newest__is_the_highest_run_of_the_key():
    fleet = [
        wrote("a", ONE, 1),
        wrote("b", TWO, 3),
        wrote("c", THREE, 9, key=OTHER),
        done("d", ONE, 2),
        done("e", THREE, 8, key=OTHER),
        marked("f", flightplan_commit="rubbish", flightplan_done="{"),
    ]
    assert newest_commits(fleet, key=K) == {TWO}
    assert newest_done(fleet, key=K) == DoneMark(run=2, commit=ONE, key=K, inputs={})
    assert next_run(fleet, key=K) == 4
    assert newest_commits([*fleet, done("g", THREE, 4)], key=K) == {THREE}
    assert next_run([*fleet, done("g", THREE, 4)], key=K) == 5
    assert newest_commits([*fleet, wrote("h", ONE, 3)], key=K) == {ONE, TWO}


def test_nothing_is_live_yet():
    assert newest_commits([machine("a")], key=K) == frozenset()
    assert newest_done([machine("a")], key=K) is None
    assert next_run([], key=K) == 1
    assert next_run([done("a", ONE, marks.MOST_RUNS)], key=K) == marks.MOST_RUNS


def test_two_done_marks_of_one_run__are_always_read_the_same():
    two = [done("a", ONE, 1, scale="x"), done("b", TWO, 1)]
    assert newest_done(two, key=K) == newest_done(two[::-1], key=K)


def test_a_mark_of_another_key__is_none():
    one = replace(
        machine("a"), config={"metadata": {marks.COMMIT: f"{ONE} {K} 1", marks.MADE: f"{TWO} {K} 1"}}
    )
    assert commit_mark(one, key=K) == CommitMark(commit=ONE, key=K, run=1)
    assert made_mark(one, key=K) == CommitMark(commit=TWO, key=K, run=1)
    assert commit_mark(one, key=OTHER) is None
    assert made_mark(one, key=OTHER) is None


def test_no_mark_is_a_difference():
    assert {marks.COMMIT, marks.MADE, marks.FINGERPRINT, marks.DONE} <= marks.OWN_KEYS <= marks.VOLATILE_KEYS
    assert marks.DONE not in marks.STEP_KEYS
