"""`[[files]]` → files of a Machine config (flyctl config.go:MergeFiles, File.toMachineFile; fly-go MergeFiles)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.run import Compat
from entrypoint.manifest.model import Manifest


def files_for(manifest: Manifest, group: GroupName | None, *, compat: Compat) -> list[Json]:
    """The group's files; None is the release machine.

    flyctl ignores `processes` and gives every file to every machine, secrets included. Unless `compat` asks for that, a file that
    names groups goes to those only (docs/flyctl-differences.md).
    """
    if missing_files(manifest):
        return []  # flyctl: MergeFiles fails as a whole
    result: list[JsonObject] = []
    for entry in manifest.tables("files"):
        names = entry.get("processes")
        if (
            compat is Compat.FLIGHTPLAN
            and names
            and not (group is not None and manifest.matches(group, names))
        ):
            continue
        _merge(result, _file(entry, manifest))
    return list(result)


def missing_files(manifest: Manifest) -> list[tuple[int, str]]:
    """Entries whose local_path cannot be read, and that path. `fly deploy` fails for one."""
    found: list[tuple[int, str]] = []
    for index, entry in manifest.indexed("files"):
        path = entry.get("local_path")
        if isinstance(path, str) and path and _content(manifest, path) is None:
            found.append((index, path))
    return found


def _content(manifest: Manifest, path: str) -> str | None:
    local = manifest.local.get(path)
    return local.content if local else None


def _file(entry: Mapping[str, Json], manifest: Manifest) -> JsonObject:
    """One file. The content is the first of local_path, secret_name and raw_value; raw_value is encoded as base64."""
    result: JsonObject = {"guest_path": entry["guest_path"]} if entry.get("guest_path") else {}
    local, secret, raw = entry.get("local_path"), entry.get("secret_name"), entry.get("raw_value")
    if isinstance(local, str) and local:
        result["raw_value"] = _content(manifest, local)
    elif secret:
        result["secret_name"] = secret
    elif isinstance(raw, str) and raw:
        result["raw_value"] = base64.b64encode(raw.encode()).decode()
    return result


def _merge(files: list[JsonObject], new: JsonObject) -> None:
    """As flyctl's MergeFiles: entries replace earlier files of the same path, but not each other."""
    for index, old in enumerate(files):
        if old.get("guest_path") == new.get("guest_path"):
            if "raw_value" not in new and "secret_name" not in new:
                del files[index]
            else:
                files[index] = new
            return
    files.append(new)
