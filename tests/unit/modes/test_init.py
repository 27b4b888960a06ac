"""init: the workflow for a repository, by what is in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dulwich import porcelain
from dulwich.refs import Ref
from dulwich.repo import Repo

from entrypoint.adapters.repository import Repository
from entrypoint.kernel.errors import ExitCode, OutsideError, UsageError
from entrypoint.modes.init import PATH, init
from entrypoint.modes.survey import survey
from entrypoint.report.setup.workflow_pins import PINS
from tests.contract.inputs_page import read_action
from tests.stage import ROOT

EXAMPLE = (ROOT / "examples" / "workflows" / "flightplan.yml").read_text("utf-8")
MONOREPO = {
    "fly.toml": 'app = "shop"\n[processes]\nweb = "bin/web"\n',
    "fly.staging.toml": 'app = "shop-staging"\n',
    "Dockerfile": "",
    "apps/web/fly.toml": 'app = "web"\n[build]\ndockerfile = "Dockerfile.prod"\nbuild-target = "prod"\n[build.args]\nNODE = "20"\n',
    "apps/web/Dockerfile.prod": "",
    "apps/api/fly.toml": 'app = "api"\n[build]\nbuilder = "heroku/builder:24"\n',
    "proxy/fly.toml": 'app = "proxy"\n[build]\nimage = "nginx:1"\n',
    "node_modules/x/fly.toml": 'app = "theirs"\n',
    ".hidden/fly.toml": 'app = "theirs"\n',
}


def made(folder: Path, files: dict[str, str], *, branch: str = "main", git: bool = True) -> Repository:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    if git:
        Repo.init(str(folder), default_branch=branch.encode()).close()
    return Repository(str(folder))


def run(repository: Repository, *, force: bool = False, prints: bool = False) -> tuple[str, str]:
    """What is shown, and what is noted."""
    shown: list[str] = []
    noted: list[str] = []
    result = init(repository, force=force, prints=prints, show=shown.append, note=noted.append)
    assert result.exit_code is ExitCode.DONE
    return "".join(shown), "".join(noted)


def written(folder: Path, files: dict[str, str], **more: Any) -> tuple[str, Any, str]:
    """The file, read by a YAML parser too, and what was said."""
    _, noted = run(made(folder, files, **more))
    text = (folder / PATH).read_text("utf-8")
    return text, yaml.safe_load(text), noted


def test_one_app_with_a_dockerfile__gets_the_example(tmp_path):
    text, _, noted = written(tmp_path, {"fly.toml": 'app = "my-app"\n', "Dockerfile": ""})
    example = EXAMPLE.replace("        id: flightplan\n", "")
    example = example[: example.index("      - if: ${{ !cancelled() }}")]
    assert text.partition("\n")[2] == example.partition("\n")[2]
    assert noted.startswith("Wrote .github/workflows/flightplan.yml for 1 app, deployed on a push to main:\n")
    assert "fly tokens create deploy -a my-app | gh secret set FLY_API_TOKEN\n" in noted
    assert re.findall(r"^  (\d)\. ", noted, re.MULTILINE) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("      - run: flyctl deploy --remote-only\n", True),
        ("      - run: fly deploy\n", True),
        ("      - run: |\n          flyctl deploy \\\n            --config a.toml\n", True),
        (
            '      - uses: superfly/flyctl-actions@1.5\n        with:\n          args: "deploy --remote-only"\n',
            True,
        ),
        ("      - run: |\n          flyctl deploy \\\n            --build-only --push\n", False),
        ("      # - run: flyctl deploy\n", False),
        ("      - run: make deploy\n", False),
    ],
)
def test_a_workflow_that_deploys_already__is_named(tmp_path, text, is_told):
    """`fly launch` writes one, for the same push."""
    files = {"fly.toml": 'app = "my-app"\n', "Dockerfile": "", ".github/workflows/fly-deploy.yml": text}
    _, _, noted = written(tmp_path, files)
    assert ("note: .github/workflows/fly-deploy.yml deploys with flyctl." in noted) is is_told
    run(Repository(str(tmp_path)), force=True)


def test_the_pins__are_those_of_the_examples():
    used = {line.strip() for line in re.findall(r"uses: (.*)", EXAMPLE)}
    assert {pin for name, pin in PINS.items() if name != "flyctl"} <= used
    assert all(re.search(r"@[0-9a-f]{40} # v?\d", pin) for pin in PINS.values())


def test_a_repository_of_many_apps(tmp_path):
    text, workflow, noted = written(tmp_path, MONOREPO)
    jobs = workflow["jobs"]
    assert list(jobs) == [
        "build-production", "staging", "production", "build-apps-api", "apps-api", "build-apps-web", "apps-web", "proxy",
    ]  # fmt: skip
    assert jobs["production"]["needs"] == ["build-production", "staging"]
    assert jobs["staging"]["needs"] == "build-production"
    images = [jobs[name]["steps"][-1]["with"]["image"] for name in ("staging", "production")]
    assert images[0] == images[1], "built once: what staging ran is what production gets"
    assert "shop-staging (fly.staging.toml): runs the image of production\n" in noted
    assert "shop (fly.toml): its image is built from Dockerfile when" in noted
    assert "its image is built from apps/web/Dockerfile.prod in the folder apps/web when" in noted
    assert "#   FLY_API_TOKEN_STAGING: fly tokens create deploy -a shop-staging\n" in text
    assert "fly tokens create deploy -a shop-staging | gh secret set FLY_API_TOKEN_STAGING\n" in noted
    assert "needs" not in jobs["proxy"]
    steps = {name: job["steps"][-1]["with"] for name, job in jobs.items() if not name.startswith("build-")}
    assert {name: (step.get("config"), step.get("environment")) for name, step in steps.items()} == {
        "staging": ("fly.staging.toml", "staging"),
        "production": (None, "production"),
        "apps-api": ("apps/api/fly.toml", None),
        "apps-web": ("apps/web/fly.toml", None),
        "proxy": ("proxy/fly.toml", None),
    }
    assert "built-on-merge" not in steps["proxy"]["image"]
    built = jobs["build-apps-web"]["steps"][-1]["with"]
    assert (built["context"], built["file"], built["target"]) == (
        "apps/web",
        "apps/web/Dockerfile.prod",
        "prod",
    )
    assert built["build-args"] == "NODE=20\n"
    remote = jobs["build-apps-api"]["steps"][-1]
    assert "flyctl deploy --config fly.toml --remote-only --build-only --push" in remote["run"]
    assert remote["working-directory"] == "apps/api"
    assert "theirs" not in text
    assert workflow[True]["workflow_dispatch"]["inputs"]["app"]["options"] == list(steps)
    for name, step in steps.items():
        secret = f"FLY_API_TOKEN_{name.upper().replace('-', '_')}"
        assert step["fly-api-token"] == f"${{{{ secrets.{secret} }}}}"
        assert secret in noted
    assert set().union(*steps.values()) <= set(read_action()["inputs"])


SHAPES: dict[str, dict[str, str]] = {
    "dockerfile": {"fly.toml": 'app = "shop"\n', "Dockerfile": ""},
    "buildpacks": {"fly.toml": 'app = "shop"\n'},
    "image": {"fly.toml": 'app = "shop"\n[build]\nimage = "nginx"\n'},
    "monorepo": MONOREPO,
    "odd-names": {
        "on/fly.toml": 'app = "true"\n',
        "1/fly.toml": "",
        "a b/fly.toml": 'app = "x"\n',
        "a b/Dockerfile": "",
    },
}


def test_what_is_written__passes_zizmor_and_github_s_schema(tmp_path):
    """All at once: to start a tool costs more than what it does."""
    for name, files in SHAPES.items():
        written(tmp_path / name, files)
    workflows = [str(tmp_path / name / PATH) for name in SHAPES]
    tools = Path(sys.executable).parent
    for command in (
        ["zizmor", "--offline", "--quiet", "--config", str(ROOT / ".github" / "zizmor.yml")],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
        ["check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout"],
    ):
        done = subprocess.run(
            [str(tools / command[0]), *command[1:], *workflows], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_workflow_that_is_there__is_replaced_by_force_only(tmp_path):
    repository = made(tmp_path, {"fly.toml": 'app = "shop"\n', PATH: "mine"})
    with pytest.raises(UsageError, match="is there already") as caught:
        run(repository)
    assert "--force" in caught.value.hint
    shown, noted = run(repository, prints=True)
    assert (shown.partition("\n")[2].partition("\n")[0], noted) == ("name: Flightplan", "")
    assert (tmp_path / PATH).read_text() == "mine"
    run(repository, force=True)
    assert (tmp_path / PATH).read_text() == shown


def test_without_fly_toml__there_is_nothing_to_write(tmp_path):
    with pytest.raises(UsageError, match=r"no fly\.toml"):
        run(made(tmp_path, {"README.md": ""}))
    assert not (tmp_path / ".github").exists()


def test_no_git_no_app_no_dockerfile_and_errors__are_said(tmp_path):
    _, noted = run(made(tmp_path, {"fly.toml": "[build]\nimage = 3\n"}, git=False))
    for remark in (
        "the workflow says main",
        "fly.toml names no app",
        "flightplan validate --config fly.toml",
        "not a git repository",
    ):
        assert remark in noted
    (tmp_path / "b").mkdir()
    _, noted = run(made(tmp_path / "b", {"fly.toml": 'app = "shop"\n'}))
    assert "there is no Dockerfile; flyctl builds the image on Fly's remote builder" in noted


def test_the_branch__is_origin_s_head_then_the_one_checked_out(tmp_path):
    _, workflow, _ = written(tmp_path / "a", {"fly.toml": 'app = "shop"\n'}, branch="trunk")
    assert workflow[True]["push"]["branches"] == ["trunk"]
    repository = made(tmp_path / "b", {"fly.toml": 'app = "shop"\n'}, branch="feature")
    repo = Repo(str(tmp_path / "b"))
    (tmp_path / "b" / ".git" / "refs" / "remotes" / "origin").mkdir(parents=True)
    repo.refs.set_symbolic_ref(Ref(b"refs/remotes/origin/HEAD"), Ref(b"refs/remotes/origin/release/1.x"))
    repo.close()
    assert Repository(str(tmp_path / "b")).default_branch() == "release/1.x"
    assert repository.is_git


@pytest.mark.parametrize("branch", ["main", "release/1.x", "1.0", "on", "null", "0x10"])
def test_a_branch__is_that_text_for_yaml_too(tmp_path, branch):
    _, workflow, _ = written(tmp_path, {"fly.toml": 'app = "shop"\n'}, branch=branch)
    assert workflow[True]["push"]["branches"] == [branch]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/octo/shop.git", "octo/shop"),
        ("https://x:secret@github.com/octo/shop", "octo/shop"),
        ("git@github.com:octo/shop.git", "octo/shop"),
        ("ssh://git@github.com/octo/shop.js.git", "octo/shop.js"),
        ("https://gitlab.com/octo/shop.git", ""),
        ("https://github.com.evil.test/octo/shop", ""),
    ],
)
def test_the_repository_that_it_came_from(tmp_path, url, name):
    made(tmp_path, {})
    porcelain.remote_add(str(tmp_path), "origin", url)
    assert Repository(str(tmp_path)).origin() == name


def test_it_is_found_from_a_folder_inside(tmp_path):
    made(tmp_path, MONOREPO)
    assert Repository(str(tmp_path / "apps" / "web")).root == tmp_path.resolve()


def test_nothing_is_written_outside_the_repository(tmp_path):
    repository = made(tmp_path / "repo", {"fly.toml": 'app = "shop"\n'})
    (tmp_path / "outside").mkdir()
    (tmp_path / "repo" / ".github").symlink_to(tmp_path / "outside")
    with pytest.raises(OutsideError, match="leads out"):
        run(repository)
    assert not (tmp_path / "outside" / "workflows" / "flightplan.yml").exists()


@pytest.mark.parametrize(
    ("path", "build", "others", "built"),
    [
        ("fly.toml", "", ["Dockerfile"], (".", None)),
        ("a/fly.toml", "", ["a/Dockerfile"], ("a", "a/Dockerfile")),
        ("a/fly.toml", "", ["a/dockerfile", "Dockerfile"], ("a", "a/dockerfile")),
        ("a/fly.toml", "", ["Dockerfile"], (".", None)),
        ("a/fly.toml", 'dockerfile = "../Dockerfile"', ["Dockerfile", "a/Dockerfile"], (".", None)),
        ("a/fly.toml", 'dockerfile = "b/Web"', ["a/b/Web"], (".", "a/b/Web")),
        ("fly.toml", 'dockerfile = "b/Web"', ["b/Web", "Dockerfile"], (".", "b/Web")),
        ("fly.toml", 'dockerfile = ""', ["Dockerfile"], (".", None)),
        ("fly.toml", 'dockerfile = "gone"', ["Dockerfile"], None),
        ("fly.toml", 'dockerfile = "../gone"', ["Dockerfile"], None),
        ("fly.toml", 'builtin = "node"', ["Dockerfile"], None),
    ],
)
def test_the_dockerfile_and_the_folder_that_is_built(tmp_path, path, build, others, built):
    files = {path: f'app = "shop"\n[build]\n{build}\n', **dict.fromkeys(others, "")}
    _, workflow, noted = written(tmp_path, files)
    step = workflow["jobs"]["build"]["steps"][-1]
    found = (step["with"]["context"], step["with"].get("file")) if "with" in step else None
    assert found == built
    assert ("flyctl builds" in noted) is (built is None and "builtin" not in build)


def test_build_arguments__are_written_or_said_to_be_left_out(tmp_path):
    build = '[build]\n[build.args]\nA = "1"\n'
    _, workflow, noted = written(tmp_path / "a", {"fly.toml": f'app = "shop"\n{build}', "Dockerfile": ""})
    assert workflow["jobs"]["build"]["steps"][-1]["with"]["build-args"] == "A=1\n"
    assert "left out" not in noted
    _, workflow, noted = written(
        tmp_path / "b", {"fly.toml": f'app = "shop"\n{build}B = "$(x)"\n', "Dockerfile": ""}
    )
    assert workflow["jobs"]["build"]["steps"][-1]["with"]["build-args"] == "A=1\n"
    assert "some of [build.args] are left out" in noted


def test_a_name_that_no_app_can_have__is_not_written(tmp_path):
    text, _, noted = written(tmp_path, {"fly.toml": 'app = "Shop ${{ x }}"\n', "Dockerfile": ""})
    assert "registry.fly.io/my-app" in text
    assert "Shop" not in text
    assert "names no app" in noted
    assert "names no app" not in run(made(tmp_path / "b", {"fly.toml": 'app = "shop"\n'}))[1]


@pytest.mark.parametrize(
    ("files", "environments", "after"),
    [
        (
            ("fly.toml", "fly.staging.toml"),
            {"production": None, "staging": None},
            {"production": ("staging",)},
        ),
        (
            ("fly.prod.toml", "fly.staging.toml", "fly.toml"),
            {"prod", "staging", "default"},
            {"prod": ("staging", "default")},
        ),
        (("fly.staging.toml",), {"staging"}, {}),
        (("fly.toml", "a/fly.staging.toml"), {"", "staging"}, {}),
        (
            ("a/fly.toml", "a/fly.staging.toml", "b/fly.production.toml"),
            {"staging", "production"},
            {"a-production": ("a-staging",)},
        ),
    ],
)
def test_environments_of_a_folder__production_after_the_others(tmp_path, files, environments, after):
    found = survey(
        made(tmp_path, {file: f'app = "shop-{index}"\n' for index, file in enumerate(files)})
    ).layout.apps
    assert {app.environment for app in found} == set(environments)
    assert {app.id: set(app.after) for app in found if app.after} == {
        id_: set(ids) for id_, ids in after.items()
    }
    order = [app.id for app in found]
    assert all(order.index(other) < order.index(app.id) for app in found for other in app.after)
    assert len(set(order)) == len(order)


def test_apps_that_are_built_differently__have_images_of_their_own(tmp_path):
    files = {
        "fly.toml": 'app = "shop"\n',
        "fly.staging.toml": 'app = "shop-staging"\n[build]\nbuild-target = "debug"\n',
        "a/fly.toml": 'app = "other"\n',
        "build/x": "",
        "Dockerfile": "",
    }
    _, workflow, _ = written(tmp_path, files)
    builds = {
        name: job["steps"][-1]["with"] for name, job in workflow["jobs"].items() if name.startswith("build")
    }
    assert {name: step["tags"].partition(":")[0] for name, step in builds.items()} == {
        "build-staging": "registry.fly.io/shop-staging",
        "build-production": "registry.fly.io/shop",
        "build-a": "registry.fly.io/other",
    }


def test_a_policy_of_its_own__is_named(tmp_path):
    files = {
        "fly.toml": 'app = "a"\n',
        "fly.staging.toml": 'app = "b"\n',
        "flightplan.staging.toml": "",
        "flightplan.toml": "",
    }
    _, workflow, _ = written(tmp_path, files)
    policies = {
        name: job["steps"][-1].get("with", {}).get("policy") for name, job in workflow["jobs"].items()
    }
    assert (policies["staging"], policies["production"]) == ("flightplan.staging.toml", None)


def test_an_app_called_build__does_not_take_the_place_of_a_build(tmp_path):
    files = {"fly.build.toml": 'app = "a"\n', "fly.toml": 'app = "b"\n'}
    _, workflow, _ = written(tmp_path, files)
    assert "app-build" in workflow["jobs"]


def test_foreign_text__cannot_leave_its_place(tmp_path):
    text, workflow, _ = written(
        tmp_path,
        {
            "fly.toml": 'app = "shop"\n[build]\nbuild-target = "x\\n  evil: y"\n[build.args]\nA = "${{ secrets.B }}"\nC = "x\\ny: z"\nD = "1"\n',
            "Dockerfile": "",
            "b': ${{ x }}/fly.toml": 'app = "evil"\n',
        },
    )
    assert set(workflow["jobs"]) == {"build", "flightplan"}
    built = workflow["jobs"]["build"]["steps"][-1]["with"]
    assert (built["build-args"], "target" in built) == ("D=1\n", False)
    assert "evil" not in text
