"""The apps that a repository deploys, as `flightplan init` finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Builder(StrEnum):
    """What makes an app's image."""

    DOCKERFILE = "dockerfile"
    FLYCTL = "flyctl"
    """Buildpacks, or another builder that only flyctl knows: on Fly's remote builder."""
    NOTHING = "nothing"
    """fly.toml names an image that exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One fly.toml. Paths are relative to the repository, with `/`."""

    id: str
    """Its job in the workflow: lower-case letters, digits and dashes; each once."""
    name: str
    """The app at Fly; empty where fly.toml does not say."""
    config: str
    environment: str
    """staging, production, …: where a folder holds several fly.toml files; else empty."""
    builder: Builder
    dockerfile: str = ""
    context: str = "."
    target: str = ""
    """[build] build-target."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """[build.args]"""
    after: tuple[str, ...] = ()
    """Apps that are deployed before it, by id."""
    image_of: str = ""
    """The app whose image it runs, by id: one that is built from the same. Empty: its own."""
    policy: str = ""
    """A flightplan.toml of its own; empty where it is the one beside fly.toml, or there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`branch` is deployed when it is pushed to."""

    branch: str
    apps: tuple[App, ...]
