"""The commands, in the order of `flightplan help`, each with an example that can be copied."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from entrypoint.kernel.run import Format


class Name(StrEnum):
    """The word after `flightplan`."""

    INIT = "init"
    DOCTOR = "doctor"
    VALIDATE = "validate"
    PLAN = "plan"
    DEPLOY = "deploy"
    COMPLETION = "completion"
    HELP = "help"
    VERSION = "version"


class Described(NamedTuple):
    """A command. `heading`: its group in the overview. `flags`: those that its help shows; others are accepted, too."""

    heading: str
    summary: str
    examples: tuple[str, ...]
    formats: tuple[Format, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def takes_inputs(self) -> bool:
        """Whether the inputs of action.yml are its flags."""
        return bool(self.formats)


_SETUP, _WORK, _MORE = "Set up", "Check and deploy", "More"
_FILES = frozenset({"config", "policy", "app"})
ALL = frozenset({"*"})
COMMANDS: Mapping[Name, Described] = {
    Name.INIT: Described(
        heading=_SETUP,
        summary="Write .github/workflows/flightplan.yml for this repository.",
        examples=("flightplan init", "flightplan init --print"),
    ),
    Name.DOCTOR: Described(
        heading=_SETUP,
        summary="Check tokens, rights, app, image, GitHub permissions and the clock. Changes nothing.",
        examples=("flightplan doctor", "flightplan doctor --image registry.fly.io/my-app:v42 --format json"),
        formats=(Format.TEXT, Format.JSON),
        flags=_FILES | {"image", "fly-api-token", "github-token"},
    ),
    Name.VALIDATE: Described(
        heading=_WORK,
        summary="Check fly.toml and flightplan.toml. Needs no token and no network.",
        examples=(
            "flightplan validate",
            "flightplan validate --config apps/web/fly.toml --format sarif > flightplan.sarif",
        ),
        formats=(Format.TEXT, Format.JSON, Format.GITHUB, Format.SARIF, Format.MARKDOWN),
        flags=frozenset({"config", "policy", "compat"}),
    ),
    Name.PLAN: Described(
        heading=_WORK,
        summary="Show what a deploy would do to every machine. Changes nothing.",
        examples=(
            "flightplan plan",
            "flightplan plan --image registry.fly.io/my-app:v42 --detail",
            "flightplan plan --format json > plan.json",
        ),
        formats=(Format.TEXT, Format.MARKDOWN, Format.JSON),
        flags=ALL,
    ),
    Name.DEPLOY: Described(
        heading=_WORK,
        summary="Plan, check the review, and roll out. Without a gate it asks first on a terminal.",
        examples=(
            "flightplan deploy --gate none --image registry.fly.io/my-app:v42",
            "flightplan deploy --gate none --groups worker --yes",
        ),
        formats=(Format.TEXT, Format.MARKDOWN, Format.JSON),
        flags=ALL,
    ),
    Name.COMPLETION: Described(
        heading=_MORE,
        summary="Print the completion script of a shell: bash, zsh or fish.",
        examples=("flightplan completion bash > ~/.local/share/bash-completion/completions/flightplan",),
    ),
    Name.HELP: Described(
        heading=_MORE,
        summary="Show this list, or the flags of a command.",
        examples=("flightplan help plan",),
    ),
    Name.VERSION: Described(heading=_MORE, summary="Print the version.", examples=("flightplan version",)),
}
SHELLS = ("bash", "zsh", "fish")
