"""A repository's layout → the workflow that plans and deploys it, as examples/workflows/flightplan.yml does for one app."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from entrypoint import __version__
from entrypoint.kernel.layout import App, Builder, Layout
from entrypoint.report.workflow_pins import PINS

if TYPE_CHECKING:
    from jinja2 import Template

UNNAMED = "my-app"
"""Stands where fly.toml names no app."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_NOT_STRINGS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What the template says of one app."""

    id: str
    name: str
    config: str
    config_word: str
    config_name: str
    environment: str
    builder: str
    builds: bool
    context: str
    dockerfile: str
    target: str
    arguments: tuple[str, ...]
    secret: str
    how: str
    job: str
    build_job: str
    needs: tuple[str, ...]
    condition: str
    why: str


def workflow(layout: Layout) -> str:
    """The whole file."""
    jobs = [_job(app, layout) for app in layout.apps]
    return _template().render(apps=jobs, branch=_word(layout.branch), version=__version__, pins=PINS)


def secret_of(app: App, layout: Layout) -> str:
    """The name of the secret that holds the app's token."""
    return "FLY_API_TOKEN" if len(layout.apps) == 1 else f"FLY_API_TOKEN_{app.id.upper().replace('-', '_')}"


def token_command(app: App) -> str:
    """What makes that token."""
    return f"fly tokens create deploy -a {app.name or UNNAMED}"


def _job(app: App, layout: Layout) -> _Job:
    alone = len(layout.apps) == 1
    builds = app.builder is not Builder.NOTHING
    build_job = "build" if alone else f"build-{app.id}"
    standard = app.context != "." or app.dockerfile != "Dockerfile"
    condition, why = _condition(app, alone=alone, builds=builds)
    return _Job(
        id=app.id,
        name=app.name or UNNAMED,
        config=app.config,
        config_word=_word(app.config),
        config_name=app.config.rpartition("/")[2],
        environment=_word(app.environment) if app.environment else "",
        builder=app.builder.value,
        builds=builds,
        context=_word(app.context) if app.context != "." else ".",
        dockerfile=_word(app.dockerfile) if standard and app.dockerfile else "",
        target=_word(app.target) if app.target else "",
        arguments=tuple(f"{key}={value}" for key, value in app.arguments.items()),
        secret=secret_of(app, layout),
        how="fly tokens create deploy" if alone else token_command(app),
        job="flightplan" if alone else app.id,
        build_job=build_job,
        needs=((build_job,) if builds else ()) + app.after,
        condition=condition,
        why=why,
    )


def _condition(app: App, *, alone: bool, builds: bool) -> tuple[str, str]:
    """The `if` of the app's job, and why. A job that was skipped is not a failed one; on a pull request both of a pair are planned."""
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
    """Marks of its own: `{{ }}` is GitHub's."""
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
