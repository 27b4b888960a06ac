"""Read fly.toml and flightplan.toml, and combine them with the inputs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName, GroupName, Region
from entrypoint.kernel.run import Inputs
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.read import Reading, read

if TYPE_CHECKING:
    from entrypoint.manifest.policy.read import PolicyReading
    from entrypoint.modes.ports import Files
    from entrypoint.planning.settings import Overrides

POLICY_NAME = "flightplan.toml"
MOST_BYTES = 1024 * 1024
"""The limit for fly.toml and flightplan.toml. Nobody writes or reviews more, and a fork's file must not keep a runner busy."""

_APP = r"""^app\s*=\s*(["'])(?P<name>[\w-]+)\1\s*(#.*)?$"""


class Source(NamedTuple):
    """Both files as read. `texts` holds their text by name, to show the line of a finding."""

    config: str
    """Where fly.toml was found: `config` may name its folder."""
    reading: Reading
    policy: Policy
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    tomls: frozenset[str]
    """The paths of fly.toml and flightplan.toml; the second is in it even where that file is missing."""
    contents: Mapping[str, bytes | None]
    """Every file that was looked for, by its path, with the local files that fly.toml names. None where it is missing."""


class Noting:
    """A Files port that records what was read."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.contents: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        """Read and record it."""
        self.contents[posixpath.normpath(path)] = found = self._files.read(path)
        return found


def read_source(inputs: Inputs, files: Files) -> Source:
    """What the files say, with all findings. Raises UsageError where fly.toml is missing or too large."""
    files = Noting(files)
    name = inputs.config
    data = _read(name, files)
    if data is None and files.read(f"{name}/fly.toml") is not None:
        name = f"{name}/fly.toml"
        data = _read(name, files)
    if data is None:
        raise UsageError(
            f"There is no file {name}.",
            hint="Set `config` (--config) to the path of fly.toml. In a workflow, check out the repository before this step.",
        )
    policy_name = inputs.policy or str(PurePosixPath(name).parent / POLICY_NAME)
    policy_data = _read(policy_name, files)
    if policy_data is None and inputs.policy is not None:
        raise UsageError(
            f"There is no file {policy_name}.",
            hint="Add it, or leave `policy` out: then flightplan.toml counts, if there is one beside fly.toml.",
        )
    written = _read_policy(policy_data, policy_name)
    policy = Policy() if written is None else written.policy
    reading = read(data, file=name, local=files, policy=policy)
    texts = {name: data.decode("utf-8", "replace")}
    if policy_data is not None:
        texts[policy_name] = policy_data.decode("utf-8", "replace")
    findings = reading.findings
    if written is not None:
        unknown = written.unknown_groups(reading.manifest) if reading.manifest else ()
        findings = (*findings, *written.findings, *unknown)
    return Source(
        config=name,
        tomls=frozenset(posixpath.normpath(path) for path in (name, policy_name)),
        contents=files.contents,
        reading=reading,
        policy=policy,
        findings=findings,
        texts=texts,
    )


def _read(name: str, files: Files) -> bytes | None:
    """The content of one file. Raises UsageError where it has more than MOST_BYTES."""
    data = files.read(name)
    if data is not None and len(data) > MOST_BYTES:
        raise UsageError(
            f"{name} has {len(data) / MOST_BYTES:.1f} MiB. A file of more than 1 MiB is not read.",
            hint="Check the path. Put long contents into files of their own and name them in [[files]] with local_path.",
        )
    return data


def _read_policy(data: bytes | None, name: str) -> PolicyReading | None:
    """None where there is no flightplan.toml."""
    if data is None:
        return None
    from entrypoint.manifest.policy.read import read_policy

    return read_policy(data, file=name)


def named_app(inputs: Inputs, source: Source) -> AppName | None:
    """The app, also of files with errors, as far as it can be found out."""
    manifest = source.reading.manifest
    if inputs.app is not None or manifest is not None:
        return inputs.app or (manifest.app if manifest else None) or None
    return app_in(source.texts[source.config])


def app_in(text: str) -> AppName | None:
    """The app that a fly.toml names. The file may be broken TOML, if its line `app` is complete."""
    import tomllib

    try:
        found = tomllib.loads(text).get("app")
    except (tomllib.TOMLDecodeError, RecursionError):
        line = re.search(_APP, text.partition("\n[")[0], re.MULTILINE)
        found = line["name"] if line else None
    return AppName(found) if isinstance(found, str) and found else None


def policy_input(inputs: Inputs, source: Source) -> str | None:
    """The input `policy`, where it names another file than the flightplan.toml beside fly.toml."""
    beside = str(PurePosixPath(source.config).parent / POLICY_NAME)
    named = None if inputs.policy is None else posixpath.normpath(inputs.policy)
    return None if named == posixpath.normpath(beside) else named


def app_name(inputs: Inputs, manifest: Manifest) -> AppName:
    """The app this run is about. Raises UsageError."""
    name = inputs.app or manifest.app
    if not name:
        raise UsageError(
            f"{inputs.config} names no app.",
            hint='Write app = "your-app" at its top, or set the input `app`.',
        )
    return name


def overrides_of(inputs: Inputs) -> Overrides:
    """The inputs that change a plan. Raises UsageError where `scale` cannot be read."""
    from entrypoint.manifest.policy.groups import parse_scale
    from entrypoint.planning.model.selection import Selection
    from entrypoint.planning.settings import Overrides

    scale: Mapping[GroupName, int | Mapping[Region, int]] = {}
    if inputs.scale:
        try:
            scale = parse_scale(inputs.scale)
        except ValueError as error:
            raise UsageError(
                f"Input scale: {error}", hint="Write scale: web=2 worker=1, or web=iad:2,gru:1."
            ) from error
    return Overrides(
        strategy=inputs.strategy,
        max_unavailable=inputs.max_unavailable,
        wait_timeout=inputs.wait_timeout,
        allow_destroy=inputs.allow_destroy,
        on_failure=inputs.on_failure,
        compat=inputs.compat,
        scale=scale,
        selection=Selection(
            groups=frozenset(GroupName(name) for name in inputs.groups),
            regions=frozenset(Region(name) for name in inputs.regions),
        ),
    )
