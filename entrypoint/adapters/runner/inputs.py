"""Reads the action's inputs from the environment. Reports all problems at once.

The runner upper-cases names, keeps hyphens, and always sets every declared input, at least to its default or the empty string
(actions/runner Handler.cs, ActionManifestManager.cs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from entrypoint.adapters.runner import parsers
from entrypoint.adapters.runner.servers import read_servers
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.redaction import HIDDEN
from entrypoint.kernel.run import AllowDestroy, Command, CommentMode, Compat, Format, Inputs, Look, OnFailure
from entrypoint.kernel.strategy import Strategy

PARSERS: Mapping[str, Callable[[str], Any]] = {
    "command": parsers.word(Command),
    "config": parsers.text,
    "policy": parsers.optional_text,
    "app": parsers.app_name,
    "environment": parsers.text,
    "image": parsers.image,
    "scale": parsers.optional_text,
    "groups": parsers.names,
    "regions": parsers.regions,
    "fly-api-token": parsers.secret,
    "github-token": parsers.secret,
    "strategy": parsers.optional_word(Strategy),
    "max-unavailable": parsers.max_unavailable,
    "wait-timeout": parsers.duration,
    "gate": parsers.gate,
    "approve": parsers.digest,
    "pull-request": parsers.pull_request,
    "record-key": parsers.secret,
    "allow-destroy": parsers.word(AllowDestroy),
    "on-failure": parsers.optional_word(OnFailure),
    "comment": parsers.word(CommentMode),
    "compat": parsers.word(Compat),
}
"""The parser of every input of action.yml. Defaults are in action.yml only."""
SECRETS = frozenset({"fly-api-token", "github-token", "record-key"})


def is_a_step(environ: Mapping[str, str]) -> bool:
    """Whether a runner has set at least one input."""
    return any(variable(name) in environ for name in PARSERS)


def runner_values(environ: Mapping[str, str]) -> dict[str, str]:
    """Raw inputs from INPUT_*. Raises UsageError if the runner did not set all of them."""
    missing = [name for name in PARSERS if variable(name) not in environ]
    if missing:
        raise UsageError(
            f"The environment has no {variable(missing[0])}: this is not a step that GitHub's runner started.",
            hint="On a laptop, name a command: flightplan help lists them.",
        )
    return {name: environ[variable(name)] for name in PARSERS}


def variable(name: str) -> str:
    """The environment variable of an input."""
    return f"INPUT_{name.replace(' ', '_').upper()}"


def parse_inputs(
    values: Mapping[str, str], *, environ: Mapping[str, str], format_: Format, look: Look | None = None
) -> Inputs:
    """Inputs from raw values. Raises UsageError that lists every problem."""
    parsed: dict[str, Any] = {}
    problems: list[str] = []
    for name, parse in PARSERS.items():
        raw = values[name].strip()
        try:
            parsed[name.replace("-", "_")] = parse(raw)
        except ValueError as error:
            shown = HIDDEN if name in SECRETS else repr(raw)
            problems.append(f"input {name}: {shown} {error}")
    if problems:
        raise UsageError("\n".join(problems), hint="docs/inputs.md describes every input.")
    return Inputs(**parsed, format=format_, servers=read_servers(environ), look=look or Look())
