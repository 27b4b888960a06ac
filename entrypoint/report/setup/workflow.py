"""A repository's layout → the workflow that plans and deploys it, as examples/workflows/flightplan.yml does for one app."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from entrypoint import __version__
from entrypoint.kernel.layout import App, Builder, Layout
from entrypoint.report.setup.workflow_pins import PINS

if TYPE_CHECKING:
    from jinja2 import Template

UNNAMED = "my-app"
"""The name of the app, if fly.toml has none."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_NOT_STRINGS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """A job that builds an image, for the template."""

    job: str
    name: str
    builder: str
    config_name: str
    context: str
    dockerfile: str
    target: str
    arguments: tuple[str, ...]
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One app, for the template. `build`: the build job before it. `image_job`: the job that builds its image."""

    id: str
    config: str
    policy: str
    environment: str
    secret: str
    how: str
    build: _Build | None
    image_job: str
    needs: tuple[str, ...]
    condition: str
    why: str


def workflow(layout: Layout) -> str:
    """The whole file."""
    told: set[str] = set()
    jobs = []
    for app in layout.apps:
        jobs.append(_job(app, layout, told))
        told.add(jobs[-1].image_job)
    return _template().render(apps=jobs, branch=_word(layout.branch), version=__version__, pins=PINS)


def secret_of(app: App, layout: Layout) -> str:
    """The name of the secret that holds the app's token."""
    return "FLY_API_TOKEN" if len(layout.apps) == 1 else f"FLY_API_TOKEN_{app.id.upper().replace('-', '_')}"


def token_command(app: App) -> str:
    """The command that makes that token."""
    return f"fly tokens create deploy -a {app.name or UNNAMED}"


def _job(app: App, layout: Layout, told: set[str]) -> _Job:
    alone = len(layout.apps) == 1
    build = _build(app, layout)
    condition, why = _condition(app, alone=alone, builds=build is not None)
    return _Job(
        id="flightplan" if alone else app.id,
        config=_word(app.config) if app.config != "fly.toml" else "",
        policy=_word(app.policy) if app.policy else "",
        environment=_word(app.environment) if app.environment else "",
        secret=secret_of(app, layout),
        how="fly tokens create deploy" if alone else token_command(app),
        build=build if build and build.job not in told else None,
        image_job=build.job if build else "",
        needs=((build.job,) if build else ()) + app.after,
        condition=condition,
        why=why,
    )


def _build(app: App, layout: Layout) -> _Build | None:
    """The job that builds the app's image, which may be another app's."""
    if app.builder is Builder.NOTHING:
        return None
    owner = next((other for other in layout.apps if other.id == app.image_of), app)
    standard = owner.context == "." and owner.dockerfile == "Dockerfile"
    return _Build(
        job="build" if len(layout.apps) == 1 else f"build-{owner.id}",
        name=owner.name or UNNAMED,
        builder=owner.builder.value,
        config_name=owner.config.rpartition("/")[2],
        context=_word(owner.context) if owner.context != "." else ".",
        dockerfile="" if standard or not owner.dockerfile else _word(owner.dockerfile),
        target=_word(owner.target) if owner.target else "",
        arguments=tuple(f"{key}={value}" for key, value in owner.arguments.items()),
        secret=secret_of(owner, layout),
    )


def _condition(app: App, *, alone: bool, builds: bool) -> tuple[str, str]:
    """The `if` of the app's job, with a comment. It lets the job run if a job before it was skipped, but not if that failed."""
    condition = ""
    if app.after:
        condition = "!cancelled() && (github.event_name == 'pull_request' || !failure())"
    elif builds:
        condition = "!failure() && !cancelled()"
    if not alone:
        asked = f"github.event_name != 'workflow_dispatch' || inputs.app == '{app.id}'"
        condition = f"{condition} && ({asked})" if condition else asked
    why = f" # after {' and '.join(app.after)}" if app.after else " # also where nothing was built"
    return condition, why if builds or app.after else ""


def _word(text: str) -> str:
    """A YAML scalar that is this text and nothing else."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_STRINGS
    return text if is_plain else json.dumps(text)


@cache
def _template() -> Template:
    """The template. It has delimiters of its own, because GitHub uses `{{ }}`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701  # YAML: every value goes through _word, or has been checked by modes/init
        loader=PackageLoader("entrypoint.report"),
        undefined=StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("workflow.yml.j2")
