"""The runner's console: sections that are closed again, and nothing bad inside one."""

from __future__ import annotations

from entrypoint.adapters.runner.console import RunnerConsole


def said(story, *, in_actions=True):
    lines: list[str] = []
    console = RunnerConsole(
        write=lines.append, log=lines.append, in_actions=in_actions, summary="", temp="", workspace=""
    )
    story(console)
    return "".join(lines).splitlines()


def stages(console):
    console.section("Stage 1\n::error::x %")
    console.note("web")
    console.section("Stage 2")
    console.note("worker")
    console.section("")
    console.section("")


def test_a_section__is_a_group_that_the_next_one_ends():
    assert said(stages) == [
        "::group::Stage 1%0A:\u2060:error::x %25",
        "web",
        "::endgroup::",
        "::group::Stage 2",
        "worker",
        "::endgroup::",
    ]


def test_on_a_terminal__there_are_no_groups():
    assert said(stages, in_actions=False) == ["web", "worker"]


def test_what_went_wrong_and_where_a_result_is__stand_in_no_section():
    def story(console):
        for tell in (console.warn, console.notice, console.fail):
            console.section("Stage")
            tell("this")

    lines = said(story)
    assert [lines[index - 1] for index, line in enumerate(lines) if "title=Flightplan" in line] == [
        "::endgroup::"
    ] * 3
    assert [line.partition(" ")[0] for line in lines if "title=Flightplan" in line] == [
        "::warning",
        "::notice",
        "::error",
    ]
