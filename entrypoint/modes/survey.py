"""Which apps a repository deploys, and how the image of each is built."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from entrypoint.kernel.json import Json
from entrypoint.kernel.layout import App, Builder, Layout
from entrypoint.manifest.read import read
from entrypoint.modes.ports import Repository

FILES = re.compile(r"fly(\.[a-z0-9][a-z0-9-]*)?\.toml")
"""fly.toml, fly.staging.toml, …"""
_WORKFLOWS = re.compile(r".+\.ya?ml")
_DEPLOYS = re.compile(r"^[^#]*(?:\b(?:fly|flyctl) deploy\b|\bargs: *[\"']?deploy\b)")
DEFAULT_BRANCH = "main"
_PRODUCTION = frozenset({"production", "prod", "live"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PATH = re.compile(r"[A-Za-z0-9._/ -]+")
_WORD = re.compile(r"[A-Za-z0-9._-]+")
_VALUE = re.compile(r"[A-Za-z0-9 ._:/@+=,-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`remarks` say what was found and could not be used, one sentence each. Paths in them may be foreign text."""

    layout: Layout
    remarks: tuple[str, ...]


def survey(repository: Repository) -> Survey:
    """Look through the repository. Gives an empty layout where there is no fly.toml."""
    remarks: list[str] = []
    found: list[App] = []
    for path in repository.find(FILES):
        if _PATH.fullmatch(path):
            found.append(_app(path, repository, remarks))
        else:
            remarks.append(f"{path} is left out: its path has characters that a workflow cannot hold safely.")
    branch = repository.default_branch()
    if branch is None:
        remarks.append(f"The default branch is unknown; the workflow says {DEFAULT_BRANCH}.")
    remarks += (
        f"{path} deploys with flyctl. Delete it in the same pull request if it deploys one of these apps: both would deploy."
        for path in _deploying(repository)
    )
    apps = _with_shared_images(_in_order(_with_environments(found, repository)))
    return Survey(layout=Layout(branch=branch or DEFAULT_BRANCH, apps=tuple(apps)), remarks=tuple(remarks))


def _deploying(repository: Repository) -> Iterator[str]:
    """Workflows that run `fly deploy`, as the one does that `fly launch` writes."""
    for path in repository.find(_WORKFLOWS, inside=".github/workflows"):
        text = (repository.read(path) or b"").decode("utf-8", "replace").replace("\\\n", " ")
        if any(_DEPLOYS.search(line) and "--build-only" not in line for line in text.splitlines()):
            yield path


def _app(path: str, repository: Repository, remarks: list[str]) -> App:
    values = _values(path, repository, remarks)
    name = values.get("app")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        name = ""
        remarks.append(f"{path} names no app; write its name where the workflow says my-app.")
    app = App(
        id="",
        name=name,
        config=path,
        environment="",
        builder=Builder.FLYCTL,
        context=posixpath.dirname(path) or ".",
    )
    build = values.get("build")
    return _with_builder(app, build if isinstance(build, Mapping) else {}, repository, remarks)


def _values(path: str, repository: Repository, remarks: list[str]) -> Mapping[str, Json]:
    data = repository.read(path) or b""
    manifest = read(data, file=path).manifest
    if manifest is not None:
        return manifest.values
    remarks.append(f"{path} has errors: flightplan validate --config {path}")
    try:
        return tomllib.loads(data.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _with_builder(app: App, build: Mapping[str, Json], repository: Repository, remarks: list[str]) -> App:
    """How the image is built, in flyctl's order: an image, then a builder, then a Dockerfile."""
    if build.get("image"):
        return replace(app, builder=Builder.NOTHING)
    if any(build.get(key) for key in ("builder", "buildpacks", "builtin", "compose")):
        return app
    dockerfile, context = _dockerfile(app.config, build.get("dockerfile"), repository)
    if not dockerfile:
        remarks.append(
            f"{app.config}: there is no Dockerfile; flyctl builds the image on Fly's remote builder."
        )
        return app
    target, arguments = build.get("build-target"), build.get("args")
    kept = {
        key: value
        for key, value in (arguments.items() if isinstance(arguments, Mapping) else ())
        if isinstance(value, str) and _WORD.fullmatch(key) and _VALUE.fullmatch(value)
    }
    if isinstance(arguments, Mapping) and len(kept) < len(arguments):
        remarks.append(f"{app.config}: some of [build.args] are left out; add them to build-args yourself.")
    return replace(
        app,
        builder=Builder.DOCKERFILE,
        dockerfile=dockerfile,
        context=context,
        target=target if isinstance(target, str) and _WORD.fullmatch(target) else "",
        arguments=kept,
    )


def _dockerfile(config: str, named: Json, repository: Repository) -> tuple[str, str]:
    """The Dockerfile and the folder that is built; empty where there is none.

    A Dockerfile beside fly.toml builds its own folder. One that [build] names, or at the top of the repository, builds the repository.
    """
    folder = posixpath.dirname(config)
    if isinstance(named, str) and named:
        path = posixpath.normpath(posixpath.join(folder, named))
        return (
            (path, _folder(path, folder))
            if repository.read(path) is not None and _PATH.fullmatch(path)
            else ("", "")
        )
    for name in ("Dockerfile", "dockerfile"):
        beside = posixpath.join(folder, name)
        if repository.read(beside) is not None:
            return beside, folder or "."
    return ("Dockerfile", ".") if repository.read("Dockerfile") is not None else ("", "")


def _folder(dockerfile: str, folder: str) -> str:
    return folder if folder and posixpath.dirname(dockerfile) == folder else "."


def _with_environments(apps: Sequence[App], repository: Repository) -> list[App]:
    """Where a folder has several fly.toml files, each is an environment: fly.staging.toml is staging, and fly.toml production."""
    made: list[App] = []
    for app in apps:
        folder = posixpath.dirname(app.config)
        siblings = [other for other in apps if posixpath.dirname(other.config) == folder]
        labels = {_label(other.config) for other in siblings}
        environment = _label(app.config)
        if len(siblings) > 1 and not environment:
            environment = "default" if labels & _PRODUCTION else "production"
        policy = posixpath.join(folder, f"flightplan.{environment}.toml")
        made.append(
            replace(
                app,
                environment=environment,
                id=_id(app, environment, alone=len(apps) == 1),
                policy=policy if environment and repository.read(policy) is not None else "",
            )
        )
    return _distinct(made)


def _with_shared_images(apps: Sequence[App]) -> list[App]:
    """Apps whose image is built in the same way share one image, so production gets what staging ran. The last app, which is production
    where there is one, keeps the image in its registry: apps of one organization may pull each other's images."""
    last = {_recipe(app): app.id for app in apps if app.builder is Builder.DOCKERFILE}
    return [
        replace(app, image_of=owner) if (owner := last.get(_recipe(app))) and owner != app.id else app
        for app in apps
    ]


def _recipe(app: App) -> tuple[object, ...]:
    """How an image is built. Apps of different folders never share one."""
    folder = posixpath.dirname(app.config)
    return (folder, app.builder, app.dockerfile, app.context, app.target, tuple(app.arguments.items()))


def _label(config: str) -> str:
    return posixpath.basename(config).removeprefix("fly").removesuffix("toml").strip(".")


def _id(app: App, environment: str, *, alone: bool) -> str:
    if alone:
        return "flightplan"
    folder = posixpath.dirname(app.config).replace("/", "-")
    words = "-".join(word for word in (folder, environment) if word) or app.name or "app"
    found = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "app"
    return found if found[0].isalpha() and not found.startswith("build") else f"app-{found}"


def _distinct(apps: Sequence[App]) -> list[App]:
    taken: set[str] = set()
    made: list[App] = []
    for app in apps:
        number, name = 1, app.id
        while name in taken:
            number += 1
            name = f"{app.id}-{number}"
        taken.add(name)
        made.append(replace(app, id=name))
    return made


def _in_order(apps: Sequence[App]) -> list[App]:
    """The apps in order; production is the last of its folder."""
    made: list[App] = []
    for app in sorted(apps, key=lambda app: (posixpath.dirname(app.config), app.environment in _PRODUCTION)):
        if app.environment in _PRODUCTION:
            folder = posixpath.dirname(app.config)
            before = tuple(
                other.id
                for other in made
                if posixpath.dirname(other.config) == folder and other.environment not in _PRODUCTION
            )
            app = replace(app, after=before)  # noqa: PLW2901
        made.append(app)
    return made
