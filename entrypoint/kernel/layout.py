"""The apps that a repository deploys, as `flightplan init` finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Builder(StrEnum):
    """What makes an app's image."""

    DOCKERFILE = "dockerfile"
    FLYCTL = "flyctl"
    """Buildpacks, or another builder that only flyctl knows. It runs on Fly's remote builder."""
    NOTHING = "nothing"
    """fly.toml names an image that exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One fly.toml. Paths are relative to the repository, with `/`."""

    id: str
    """The name of its job in the workflow: lower-case letters, digits and dashes. Unique."""
    name: str
    """The app's name at Fly; empty where fly.toml has none."""
    config: str
    environment: str
    """staging, production, …, where a folder has several fly.toml files; else empty."""
    builder: Builder
    dockerfile: str = ""
    context: str = "."
    target: str = ""
    """[build] build-target."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """[build.args]"""
    after: tuple[str, ...] = ()
    """Ids of the apps that are deployed before it."""
    image_of: str = ""
    """Id of the app whose image it runs, because both are built from the same source. Empty: its own image."""
    policy: str = ""
    """Path of its flightplan.toml; empty where that is the one beside fly.toml, or there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The apps of a repository. A push to `branch` deploys them."""

    branch: str
    apps: tuple[App, ...]
