"""What is written for the runner and for later steps."""

from __future__ import annotations

import json

import pytest

from entrypoint.adapters.runner.console import RunnerConsole
from entrypoint.adapters.runner.masks import mask
from entrypoint.adapters.runner.outputs import MOST_SUMMARY, write_outputs, write_summary
from entrypoint.kernel.errors import OutsideError


def make_console(folder, written):
    return RunnerConsole(
        write=written.append,
        log=written.append,
        in_actions=True,
        summary="",
        temp=str(folder),
        workspace=str(folder),
    )


def test_a_value_cannot_end_early_and_add_an_output(tmp_path):
    file = tmp_path / "output"
    write_outputs(str(file), {"result": "a\nghadelimiter_x\nforged<<E\nyes\nE\n", "changes": "true"})
    lines = file.read_text("utf-8").splitlines()
    delimiter = lines[0].partition("<<")[2]
    assert lines[0].startswith("result<<ghadelimiter_")
    assert lines.count(delimiter) == 1
    assert lines[lines.index(delimiter) + 1].startswith("changes<<")


def test_a_summary_beyond_the_limit_is_cut_at_a_line(tmp_path):
    file = tmp_path / "summary"
    write_summary(str(file), "é line\n" * 200_000)
    text = file.read_text("utf-8")
    assert MOST_SUMMARY - 100 < len(text.encode()) < MOST_SUMMARY + 200
    body, _, end = text.partition("\n\n_Cut here")
    assert set(body.splitlines()) == {"é line"}
    assert "plan.json has everything" in end


def test_a_file_of_the_runner_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutsideError, match="cannot be written"):
        write_outputs(str(tmp_path), {"result": "x"})


@pytest.mark.parametrize("trap", ["folder", "file", "ignore"])
def test_plan_json_follows_no_link_that_the_checkout_left(tmp_path, trap):
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    workspace.mkdir()
    elsewhere.mkdir()
    if trap == "folder":
        (workspace / ".flightplan").symlink_to(elsewhere)
    else:
        (workspace / ".flightplan").mkdir()
        name = "plan.json" if trap == "file" else ".gitignore"
        (workspace / ".flightplan" / name).symlink_to(elsewhere / "target")
    path = make_console(workspace, []).save("plan.json", "{}")
    assert (workspace / path).read_text("utf-8") == "{}"
    assert list(elsewhere.iterdir()) == []


def test_nothing_foreign_becomes_a_workflow_command(tmp_path):
    written: list[str] = []
    console = make_console(tmp_path, written)
    console.show("::set-output name=x::y\n##[error]z")
    console.note("  ::add-mask::secret\r::warning::w")
    console.fail("broken\n::stop-commands::x", hint="::notice::y")
    lines = "".join(written).splitlines()
    assert [line for line in lines if line.lstrip().startswith("::")] == [
        line for line in lines if line.startswith("::error title=Flightplan::broken%0A")
    ]
    assert not any("##[" in line for line in lines)


def test_a_token_and_each_part_of_it_is_masked():
    masked = {line.removeprefix("::add-mask::") for line in mask("FlyV1 fm2_a,fm2_b\n")}
    assert masked == {"FlyV1 fm2_a,fm2_b", "fm2_a,fm2_b", "fm2_a", "fm2_b"}


def test_a_file_where_the_folder_goes__gives_way(tmp_path):
    (tmp_path / ".flightplan").write_text("mine")
    make_console(tmp_path, []).save("plan.json", "{}")
    assert (tmp_path / ".flightplan" / "plan.json").read_text("utf-8") == "{}"


def test_half_a_character__is_written_as_json_spells_it(tmp_path):
    make_console(tmp_path, []).save("plan.json", '"\ud800é"')
    assert json.loads((tmp_path / ".flightplan" / "plan.json").read_text("utf-8")) == "\ud800é"
