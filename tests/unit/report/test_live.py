"""The log of a rollout: a section for each stage, and what failed in none of them."""

from __future__ import annotations

from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.progress import MachineEvent
from tests.unit.planning import kit

TEXT = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
ORDER = '[rollout]\norder = [["web"], ["worker"]]\n'


def event(group, *, final=False, ok=True):
    return MachineEvent(
        group=GroupName(group),
        machine=MachineId("m1"),
        region=Region("ams"),
        what="started",
        seconds=1.0,
        final=final,
        ok=ok,
    )


def told(*events):
    """Lines, with sections in brackets."""
    lines: list[str] = []
    log = LiveLog(lines.append, section=lambda title: lines.append(f"[{title}]"))
    log.begin(
        kit.plan(TEXT, kit.machine("a"), kit.machine("b", "worker"), policy_text=ORDER), by="#1", headline="x"
    )
    for item in events:
        log.machine(item) if isinstance(item, MachineEvent) else log.say(*item)
    return [line for line in lines[2:] if line.startswith("[")]


def test_each_stage__is_a_section():
    assert told(event("web"), event("web"), event("worker"), event("worker"), ("proof", "2 of 2")) == [
        "[Stage 1 of 2: web]",
        "[Stage 2 of 2: worker]",
        "[]",
    ]


def test_what_comes_before_the_machines__is_a_section_of_its_own():
    assert told(("release", "bin/migrate"), event("web"), ("rollback", "putting back"), ("proof", "bad")) == [
        "[Before the machines: volumes, addresses, release command]",
        "[Stage 1 of 2: web]",
        "[Rollback]",
        "[]",
    ]


def test_what_failed__is_not_folded_away():
    assert told(event("web"), event("web", final=True, ok=False)) == ["[Stage 1 of 2: web]", "[]"]


def test_a_group_in_several_stages__goes_only_forward():
    assert told(event("worker"), event("web")) == ["[Stage 2 of 2: worker]"]
