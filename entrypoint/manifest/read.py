"""Reads fly.toml: text → a manifest, every problem of the file, and whether flyctl refuses it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from entrypoint.kernel.findings import Finding, Severity, Span
from entrypoint.kernel.ids import AppName, GroupName, Region
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.flyctl.validate import validate
from entrypoint.manifest.checks.lint import lint
from entrypoint.manifest.decode.decoder import Decoder, find_infinities, plain
from entrypoint.manifest.decode.patches import patch_all
from entrypoint.manifest.decode.schema import CONFIG
from entrypoint.manifest.model import COMPOSE_NAMES, DEFAULT_GROUP, FlyctlStage, LocalFile, Manifest
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.syntax.toml import parse_toml
from entrypoint.manifest.syntax.tree import Source, line_starts, span_of


class LocalFiles(Protocol):
    """Reads files that fly.toml names, relative to the workspace."""

    def read(self, path: str) -> bytes | None:
        """The content; None if there is no such file."""
        ...


class Reading(NamedTuple):
    """The result. `manifest` is None only if there is an error among the findings."""

    manifest: Manifest | None
    findings: tuple[Finding, ...]
    stage: FlyctlStage
    source: Source | None


def read(
    text: str | bytes, *, file: str, local: LocalFiles | None = None, policy: Policy | None = None
) -> Reading:
    """Read fly.toml. `policy` turns rules off or down. Never raises: problems of the text are findings."""
    source = _parse(text, file)
    if isinstance(source, Finding):
        return Reading(manifest=None, findings=(source,), stage=FlyctlStage.TOML, source=None)
    problems = Problems(source)
    definition = plain(source.root)
    patch_all(source.root, problems)
    for node, path in find_infinities(source.root, ()):
        problems.add("wrong-type", "a number here must be finite", node=node, path=path, flyctl_rejects=True)
    decoder = Decoder(problems)
    values = decoder.decode(source.root, CONFIG, ())
    assert isinstance(values, dict)
    broken = any(finding.flyctl_rejects for finding in problems.found)
    stage = FlyctlStage.DECODE if broken else FlyctlStage.OK
    manifest = _manifest(values, source=source, decoder=decoder, definition=definition, local=local)
    validate(manifest, problems)
    if stage is FlyctlStage.OK and any(finding.flyctl_rejects for finding in problems.found):
        stage = FlyctlStage.VALIDATE
    findings = tuple(lint(manifest, problems.found, policy or Policy()))
    return Reading(
        manifest=None if broken else manifest, findings=_in_order(findings, file), stage=stage, source=source
    )


def _parse(text: str | bytes, file: str) -> Source | Finding:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode("utf-8")
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            return _unreadable(file, "it is not UTF-8", line=line, column=column)
    if file.endswith(".json"):
        return _parse_json(text, file)
    if file.endswith(".yaml"):
        return _unreadable(file, "fly.yaml is not read", hint="Write fly.toml: fly config save makes one.")
    return parse_toml(text, file=file)


def _parse_json(text: str, file: str) -> Source | Finding:
    from entrypoint.manifest.syntax.json_text import JsonError, parse_json  # few have a fly.json

    try:
        root = parse_json(text)
    except JsonError as error:
        span = span_of(line_starts(text), error.offset, error.offset)
        return _unreadable(file, f"Not JSON: {error}", line=span.line, column=span.column)
    return Source(file=file, text=text, root=root)


def _unreadable(file: str, message: str, *, line: int = 1, column: int = 1, hint: str = "") -> Finding:
    return Finding(
        rule="toml-syntax",
        severity=Severity.ERROR,
        message=message,
        hint=hint,
        file=file,
        span=Span(line=line, column=column, end_line=line, end_column=column + 1),
        flyctl_rejects=True,
    )


def _manifest(
    values: Mapping[str, Json],
    *,
    source: Source,
    decoder: Decoder,
    definition: Json,
    local: LocalFiles | None,
) -> Manifest:
    processes = values.get("processes")
    names = sorted(processes, key=str.encode) if isinstance(processes, Mapping) else []
    groups = tuple(GroupName(name) for name in names) or (DEFAULT_GROUP,)
    app, region = values.get("app"), values.get("primary_region")
    return Manifest(
        app=AppName(app) if isinstance(app, str) and app else None,
        primary_region=Region(region) if isinstance(region, str) and region else None,
        groups=groups,
        default_group=DEFAULT_GROUP if DEFAULT_GROUP in groups else groups[0],
        values=values,
        source=source,
        nodes=decoder.nodes,
        unknown=tuple(decoder.unknown),
        respelt=tuple(decoder.respelt),
        local=_local_files(values, local),
        definition=definition if isinstance(definition, Mapping) else {},
    )


def _local_files(values: Mapping[str, Json], local: LocalFiles | None) -> Mapping[str, LocalFile]:
    """The files that [[files]].local_path and machine_config name."""
    if local is None:
        return {}
    found: dict[str, LocalFile] = {}
    files = values.get("files")
    for entry in files if isinstance(files, list) else ():
        path = entry.get("local_path") if isinstance(entry, Mapping) else None
        if isinstance(path, str) and path and path not in found:
            data = local.read(path)
            found[path] = LocalFile(
                path=path, content=None if data is None else base64.b64encode(data).decode()
            )
    experimental = values.get("experimental")
    inner = experimental.get("machine_config") if isinstance(experimental, Mapping) else None
    for name in (inner, values.get("machine_config")):
        if isinstance(name, str) and name.endswith(".json") and not name.startswith("{"):
            data = local.read(name)
            found[name] = LocalFile(
                path=name, content=None if data is None else data.decode("utf-8", "replace")
            )
    build = values.get("build")
    if isinstance(build, Mapping) and "compose" in build:
        for name in COMPOSE_NAMES:
            if local.read(name) is not None:
                found[name] = LocalFile(path=name, content=None)
    return found


def _in_order(findings: tuple[Finding, ...], file: str) -> tuple[Finding, ...]:
    """Each finding once, sorted by position; those about flightplan.toml last."""
    unique = dict.fromkeys(findings)
    return tuple(
        sorted(unique, key=lambda f: (f.file != file, *((f.span.line, f.span.column) if f.span else (0, 0))))
    )
