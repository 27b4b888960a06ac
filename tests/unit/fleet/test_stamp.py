"""What a write leaves on a machine, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import Fingerprints
from entrypoint.fleet.marks import CommitMark, DoneMark, format_commit, format_done
from entrypoint.fleet.stamp import RunMarks, done_mark, run_marks, stamp
from entrypoint.kernel.json import Json
from entrypoint.kernel.secrets import Secret
from tests.unit.planning.kit import KEY, machine

ONE, TWO = "1" * 40, "2" * 40
K = KEY.hash
OLD_DONE = DoneMark(run=2, commit=ONE, key=K, inputs={"scale": "2:ab"})
RUN = RunMarks(
    commit=CommitMark(commit=TWO, key=K, run=3), done=OLD_DONE, inputs={"scale": "2:ab"}, secret=None
)
CREATE = {marks.PLAN: "p", marks.BEFORE: marks.NEW, marks.AFTER: "a", marks.SLOT: "web/ams/1"}
UPDATE = {marks.PLAN: "p", marks.BEFORE: "x:running", marks.AFTER: "a"}


def of(body: Mapping[str, Json]) -> Mapping[str, Any]:
    found = body["metadata"]
    assert isinstance(found, Mapping)
    return found


def metadata(own, run, **live):
    config = machine("a", config={"metadata": {"fly_process_group": "web", "team": "x", **live}}).config
    return of(stamp(config, own=own, run=run))


def test_a_create__is_marked_with_its_commit_and_who_made_it():
    found = metadata(CREATE, RUN, flightplan_made=f"{ONE} {K} 1", flightplan_slot="old")
    assert found[marks.COMMIT] == found[marks.MADE] == f"{TWO} {K} 3"
    assert found[marks.DONE] == format_done(OLD_DONE)
    assert found[marks.SLOT] == "web/ams/1"
    assert (found["fly_process_group"], found["team"]) == ("web", "x")


def test_an_update__keeps_who_made_it_and_nothing_else_of_ours():
    old = format_done(DoneMark(run=1, commit=ONE, key=K, inputs={}))
    found = metadata(UPDATE, RUN, flightplan_made=f"{ONE} {K} 1", flightplan_slot="old", flightplan_done=old)
    assert found[marks.MADE] == f"{ONE} {K} 1"
    assert found[marks.COMMIT] == f"{TWO} {K} 3"
    assert found[marks.DONE] == format_done(OLD_DONE), "the newest of the fleet"
    assert marks.SLOT not in found
    assert marks.MADE not in metadata(UPDATE, RUN)


def test_without_a_commit__none_is_claimed():
    found = metadata(UPDATE, None, flightplan_commit="old", flightplan_done="old", flightplan_made="old")
    assert marks.COMMIT not in found
    assert (found[marks.DONE], found[marks.MADE]) == ("old", "old")
    assert marks.MADE not in metadata(CREATE, None, flightplan_made="old")
    assert found[marks.FINGERPRINT].startswith("2:")


def test_a_first_run__carries_no_done_mark():
    first = RunMarks(commit=RUN.commit, done=None, inputs={}, secret=Secret("k"))
    found = metadata(UPDATE, first)
    assert marks.DONE not in found
    assert found[marks.FINGERPRINT].startswith("h2:")
    assert metadata(UPDATE, first, flightplan_done="kept")[marks.DONE] == "kept"


def test_the_mark__is_that_of_the_machine_as_it_is_then():
    body = stamp(machine("a").config, own=UPDATE, run=RUN)
    written = machine("a", config=dict(body))
    assert of(body)[marks.FINGERPRINT] in Fingerprints(secret=None).spellings(written)


def test_a_config_without_metadata__gets_some():
    body = stamp({"image": "x"}, own=UPDATE, run=None)
    assert of(body)[marks.PLAN] == "p"
    assert body["image"] == "x"


def test_what_is_given_is_not_touched():
    config = machine("a").config
    before = dict(of(config))
    stamp(config, own=UPDATE, run=RUN)
    assert of(config) == before


def test_a_run__is_numbered_after_all_that_are_known():
    live = machine(
        "a", config={"metadata": {marks.COMMIT: f"{ONE} {K} 7", marks.DONE: format_done(OLD_DONE)}}
    )
    found = run_marks([live, machine("b")], commit=TWO, key=K, inputs={}, secret=None)
    assert found.commit == CommitMark(commit=TWO, key=K, run=8)
    assert format_commit(found.commit) == f"{TWO} {K} 8"
    assert found.done == OLD_DONE
    assert run_marks([live], commit=TWO, key="0" * 12, inputs={}, secret=None).done is None


def test_a_green_run__leaves_its_mark():
    assert done_mark(RUN, wrote=False) == DoneMark(run=3, commit=TWO, key=K, inputs={"scale": "2:ab"})


def test_a_green_run_that_says_nothing_new__leaves_none():
    same = RunMarks(
        commit=CommitMark(commit=ONE, key=K, run=3), done=OLD_DONE, inputs={"scale": "2:ab"}, secret=None
    )
    assert done_mark(same, wrote=False) is None
    assert done_mark(same, wrote=True) is not None, "an approval is used up"
    other = RunMarks(commit=same.commit, done=OLD_DONE, inputs={}, secret=None)
    assert done_mark(other, wrote=False) is not None
