"""The example workflows for two environments, for several apps, and for direct pushes, executed by act (act.py)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.container.act import FLY_SECRETS, WORKFLOWS, name_apart, pushed, write_workflow
from tests.container.shops import APP, MANIFEST, SECOND, make_app, open_stage
from tests.container.team import Team, asked, by_hand, digests, machines, plans
from tests.stage import TOKEN, Stage

pytestmark = pytest.mark.container
MAILER = '  mailer = "bin/mailer"\n'


def _write(here: Stage, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = here.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _headings(here: Stage, number: int) -> list[str]:
    return [body.splitlines()[1] for body in plans(here, number)]


def _writes(here: Stage) -> list[str]:
    """The apps whose machines were written, in order."""
    return [str(entry["app"]) for entry in here.writes()]


def test_staging_and_production(tmp_path: Path, action: Path) -> None:
    staging = f"{APP}-staging"
    with open_stage(tmp_path, make_app(APP), make_app(staging, prefix="57a61")) as here:
        _write(here, {"fly.staging.toml": MANIFEST.replace(APP, staging), "src/app.py": "print(1)\n"})
        team = Team(
            here=here,
            action=action,
            workflow=write_workflow(here.workspace, example="staging-production.yml"),
            secrets={**FLY_SECRETS, "FLY_API_TOKEN_STAGING": SECOND},
        )
        team.begin()
        number = team.open("code", {"src/app.py": "print(2)\n"})
        code, log = team.plan(number)
        assert code == 0, log
        assert _headings(here, number) == [
            f"### {staging} (staging) · update 3 machines",
            f"### {APP} (production) · update 3 machines",
        ]
        assert not here.writes()

        by_hand(
            here, "update", app=staging, machine="57a61*", count=1, config={"env": {"LOG_LEVEL": "debug"}}
        )
        code, log = team.merge(number)
        assert code != 0
        assert "failure-reason=not-reviewed" in log
        (built,) = pushed(log)
        assert not here.writes(), "production waits for staging"

        code, log = team.dispatch(app="staging", **asked(log))
        assert code == 0, log
        assert set(_writes(here)) == {staging}
        code, log = team.push()
        assert code == 0, log
        assert {built} == digests(machines(here, staging)) == digests(machines(here, APP)), "one image"
        order = _writes(here)
        assert order == sorted(order, key=[staging, APP].index)


def test_what_init_writes(tmp_path: Path, action: Path) -> None:
    """In a repository that knows nothing of Flightplan: a Dockerfile, a fly.toml, and one for staging."""
    staging = f"{APP}-staging"
    with open_stage(tmp_path, make_app(APP), make_app(staging, prefix="57a61")) as here:
        _write(here, {"fly.staging.toml": MANIFEST.replace(APP, staging), "Dockerfile": "FROM scratch\n"})
        subprocess.run(
            ["git", "init", "--quiet", "--initial-branch=main", "."], cwd=here.workspace, check=True
        )
        subprocess.run([sys.executable, "-m", "entrypoint", "init"], cwd=here.workspace, check=True)
        name_apart(here.workspace / WORKFLOWS / "flightplan.yml")
        secrets = {"FLY_API_TOKEN_PRODUCTION": TOKEN, "FLY_API_TOKEN_STAGING": SECOND}
        team = Team(here=here, action=action, secrets=secrets)
        team.begin()
        number = team.open("config", {"fly.toml": MANIFEST.replace("--threads 8", "--threads 9")})
        code, log = team.plan(number)
        assert code == 0, log
        assert [heading.partition(" · ")[0] for heading in _headings(here, number)] == [
            f"### {staging} (staging)",
            f"### {APP} (production)",
        ]
        code, log = team.merge(number)
        assert code == 0, log
        (built,) = pushed(log)
        assert {built} == digests(machines(here, staging)) == digests(machines(here, APP))


def test_a_monorepo(tmp_path: Path, action: Path) -> None:
    blog_app = "acme-blog"
    with open_stage(tmp_path, make_app(APP), make_app(blog_app, prefix="b1090")) as here:
        (here.workspace / "fly.toml").unlink()
        toml = {"apps/shop/fly.toml": MANIFEST, "apps/blog/fly.toml": MANIFEST.replace(APP, blog_app)}
        _write(here, {**toml, "apps/shop/app.py": "print(1)\n", "apps/blog/app.py": "print(1)\n"})
        renamed = [{"my-shop": APP}, {"my-shop": blog_app, "apps/shop": "apps/blog", "SHOP": "BLOG"}]
        shop_file, blog_file = (
            write_workflow(
                here.workspace, example="monorepo.yml", renamed=words, called=f"{words['my-shop']}.yml"
            )
            for words in renamed
        )
        secrets = {"FLY_API_TOKEN_SHOP": TOKEN, "FLY_API_TOKEN_BLOG": SECOND}
        shops = Team(here=here, action=action, workflow=shop_file, secrets=secrets)
        blogs = replace(shops, workflow=blog_file)
        shops.begin()

        both = {path: text.replace("--threads 8", "--threads 9") for path, text in toml.items()}
        assert shops.starts("pull_request", both)
        assert blogs.starts("push", both)
        number = shops.open("both", both)
        for team in (shops, blogs):
            code, log = team.plan(number)
            assert code == 0, log
        assert _headings(here, number) == [f"### {app} · update 3 machines" for app in (APP, blog_app)]
        code, log = shops.merge(number)
        assert code == 0, log
        assert set(_writes(here)) == {APP}
        (built,) = pushed(log)
        assert "from apps/shop" in log
        code, log = blogs.push()
        assert code == 0, log
        assert digests(machines(here, APP)) == {built} != digests(machines(here, blog_app))

        one = {"apps/blog/fly.toml": both["apps/blog/fly.toml"].replace("--threads 9", "--threads 4")}
        assert not shops.starts("push", one)
        here.tell_github("do/merge_pull", number=blogs.open("blog", one))
        number = shops.open("shop", {"apps/shop/app.py": "print(2)\n"})
        assert not blogs.starts("pull_request", ["apps/shop/app.py"])
        assert shops.plan(number)[0] == 0
        code, log = shops.merge(number)
        assert code == 0, f"the blog's change is no matter of the shop's review\n{log}"
        assert digests(machines(here, APP)) == set(pushed(log))


def test_direct_pushes(tmp_path: Path, action: Path) -> None:
    with open_stage(tmp_path, make_app(APP)) as here:
        workflow = write_workflow(here.workspace, example="direct-push.yml")
        team = Team(here=here, action=action, workflow=workflow)
        team.begin()
        code, log = team.push({"fly.toml": MANIFEST.replace("[processes]", f"[processes]\n{MAILER}")})
        assert code == 0, log
        assert digests(here.fleet()) == set(pushed(log))
        assert here.groups() == {"web": 3, "mailer": 2}
        state = here.github_state()
        assert (state["comments"], state["statuses"]) == ([], [])

        before = here.fleet()
        code, log = team.push({"fly.toml": MANIFEST})
        assert code != 0
        assert "failure-reason=blocked" in log
        assert "allow-destroy: surplus" in log
        assert here.fleet() == before
