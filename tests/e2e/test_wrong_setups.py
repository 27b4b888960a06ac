"""Ten wrong ways to set it up. Each ends in one message that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.stage import PULL, Stage, stage

IMAGE = "registry.fly.io/acme-shop:v42"
FILE = "fly.toml"
BOT = "github-actions[bot]"


def _rewrite(here: Stage, change: Callable[[bytes], bytes], name: str = FILE) -> None:
    file = here.workspace / FILE
    data = change(file.read_bytes())
    file.unlink()
    (here.workspace / name).parent.mkdir(parents=True, exist_ok=True)
    (here.workspace / name).write_bytes(data)


def _may_not(permission: str) -> Callable[[Stage], None]:
    def setup(here: Stage) -> None:
        may = {"contents": "read", "metadata": "read", "pull-requests": "write", "statuses": "write"}
        here.tell_github("tokens", token="ghs_less", login=BOT, permissions=may | {permission: "read"})
        here.inputs["github-token"] = "ghs_less"

    return setup


def _has_dockerfile(here: Stage) -> None:
    (here.workspace / "Dockerfile").write_text("FROM scratch\n", "utf-8")


def _in_a_folder(here: Stage) -> None:
    _rewrite(here, lambda data: data, "apps/shop/fly.toml")


def _from_a_fork(here: Stage) -> None:
    here.head_repository = "mallory/acme-shop"
    here.inputs["fly-api-token"] = ""


def _by_powershell(here: Stage) -> None:
    """`Out-File -Encoding utf8` of Windows PowerShell begins a file with a byte order mark."""
    _rewrite(here, lambda data: b"\xef\xbb\xbf" + data)


def _lone_carriage_returns(here: Stage) -> None:
    _rewrite(here, lambda data: data.replace(b"\n", b"\r", 3))


def _not_checked_out(here: Stage) -> None:
    (here.workspace / FILE).unlink()


def _built_before_another_merge(here: Stage) -> None:
    """The plan is made, then main moves on, then the pull request is merged."""
    code, log = here.run("pull_request", image=f"{IMAGE}@sha256:{'2' * 64}")
    assert code == 0, log
    main = here.github_state()["branches"]["main"]
    here.tell_github("do/commit", branch="main", changes={"app.py": "print(2)\n"}, message="code", start=main)
    here.tell_github("do/merge_pull", number=PULL)
    here.committed["main"] = dict(here.committed["threads"])


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """One way: how it is made, what then runs, how that ends, and the two halves of what is said."""

    name: str
    setup: Callable[[Stage], None] = lambda _: None
    event: str = "pull_request"
    inputs: dict[str, str] = field(default_factory=dict)
    code: int
    happened: str
    todo: str
    level: str = "error"


WAYS = [
    Wrong(
        name="no permission for comments", setup=_may_not("pull-requests"), code=6,
        happened="needs `permissions: pull-requests: write`",
        todo="Give the job `permissions: {contents: read, pull-requests: write, statuses: write}`.",
    ),
    Wrong(
        name="no permission for statuses", setup=_may_not("statuses"), code=6,
        happened="needs `permissions: statuses: write`",
        todo="Give the job `permissions: {contents: read, pull-requests: write, statuses: write}`.",
    ),
    Wrong(
        name="no token", event="push", inputs={"fly_api_token": ""}, code=2,
        happened="push needs a Fly token to deploy, and there is none.",
        todo="`fly tokens create deploy` makes one: store it as the secret that `fly-api-token` names.",
    ),
    Wrong(
        name="no token yet", inputs={"fly_api_token": ""}, code=0, level="said",
        happened="Only the files are checked, not planned: there is no Fly token.",
        todo="`fly tokens create deploy` makes one: store it as the secret that `fly-api-token` names.",
    ),
    Wrong(
        name="wrong app", inputs={"app": "acme-shopp"}, code=6,
        happened="There is no app acme-shopp",
        todo="Create it first (fly apps create), or correct `app`.",
    ),
    Wrong(
        name="tag instead of digest", inputs={"image": "registry.fly.io/acme-shop:latest"}, code=0, level="said",
        happened="now; a tag may move", todo="give the digest to be sure",
    ),
    Wrong(
        name="no image", setup=_has_dockerfile, inputs={"image": ""}, code=0, level="said",
        happened="No image given: this deploys configuration only.",
        todo="Set the input `image`: the built image for the deploy, and `built-on-merge` for the plan",
    ),
    Wrong(
        name="monorepo path", setup=_in_a_folder, code=2,
        happened="There is no file fly.toml.", todo="Set `config` (--config) to the path of fly.toml.",
    ),
    Wrong(
        name="fork", setup=_from_a_fork, code=0, level="said",
        happened="Only the files are checked, not planned: the pull request comes from a fork, which gets no secrets.",
        todo="A maintainer can plan it: run this workflow by hand with pull-request: 128.",
    ),
    Wrong(
        name="Windows text", setup=_by_powershell, code=1,
        happened="the file begins with a byte order mark", todo="Save it as UTF-8 without BOM.",
    ),
    Wrong(
        name="line ends", setup=_lone_carriage_returns, code=1,
        happened="a carriage return without a line feed", todo="Save it with LF.",
    ),
    Wrong(
        name="missing checkout", setup=_not_checked_out, code=2, happened="There is no file fly.toml.",
        todo="check out the repository before this step",
    ),
    Wrong(
        name="old image", setup=_built_before_another_merge, event="push", inputs={"image": ""}, code=4,
        happened=f"The image that #{PULL} was planned with was built before",
        todo="update the branch before the merge, or build the image on push",
    ),
]  # fmt: skip


def _visible(log: str) -> str:
    """What a person reads: workflow commands carry line ends and percent signs encoded."""
    return log.replace("%0A", "\n").replace("%25", "%")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_it_ends_in_one_message_that_says_what_to_do(way: Wrong) -> None:
    with stage(speed=20) as here:
        way.setup(here)
        code, log = here.run(way.event, **{"image": IMAGE, **way.inputs})
        assert code == way.code, log
        said = _visible(log)
        assert way.happened in said, log
        assert way.todo in said, log
        assert "Traceback" not in log
        errors = [line for line in said.splitlines() if line.startswith("::error")]
        assert len(errors) == (1 if way.level == "error" else 0), log
        assert here.writes() == []


def test_windows_line_ends_are_fine() -> None:
    with stage(speed=20) as here:
        _rewrite(here, lambda data: data.replace(b"\n", b"\r\n"))
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 0, log
        assert "::error" not in log
        plan = json.loads(Path(here.workspace / here.outputs()["plan-path"]).read_text("utf-8"))
        assert plan["changes"]
