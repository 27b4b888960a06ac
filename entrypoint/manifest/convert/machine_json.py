"""`machine_config` of fly.toml: a complete Machine config (flyctl containerconfig/parse.go, config.go:ParseConfig).

What fly.toml says elsewhere overrides it. It is merged as Go's encoding/json decodes JSON into a struct that has values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrypoint.kernel.json import Json, JsonObject, copy_json, copy_object
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.parts import Unconvertible
from entrypoint.manifest.decode.decoder import Decoder, plain
from entrypoint.manifest.decode.machine_schema import MACHINE_CONFIG
from entrypoint.manifest.model import COMPOSE_NAMES, Manifest, objects
from entrypoint.manifest.problems import Problems, quote
from entrypoint.manifest.syntax.json_text import JsonError, parse_json
from entrypoint.manifest.syntax.tree import Node, Path, Source, tree_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What machine_config says. `path`: where it stands in fly.toml."""

    config: JsonObject
    path: Path


def given_config(manifest: Manifest, *, compat: Compat) -> Given | None:
    """machine_config, read; None where fly.toml has none. Raises Unconvertible."""
    _refuse_compose(manifest)
    inner = manifest.table("experimental").get("machine_config")
    text = inner or manifest.values.get("machine_config")
    path: Path = ("experimental", "machine_config") if inner else ("machine_config",)
    if not isinstance(text, str) or not text:
        return None
    root = _load(manifest, text, path)
    decoder = _decode(root)
    if decoder.problems.found:
        raise Unconvertible(f"machine_config: {decoder.problems.found[0].message}", path)
    given = plain(root)
    assert isinstance(given, dict)
    return Given(config=_without_unknown(given, decoder) if compat is Compat.FLYCTL else given, path=path)


def merge_given(given: Given | None, config: JsonObject, *, manifest: Manifest) -> JsonObject:
    """`config` with machine_config merged into it. Raises Unconvertible."""
    if given is None:
        return config
    merged = _merge(config, given.config)
    assert isinstance(merged, dict)
    _choose_container(manifest, merged, given.path)
    return merged


def known_only(config: JsonObject) -> JsonObject:
    """The config without the keys that flyctl's client does not know, and so drops."""
    return _without_unknown(config, _decode(tree_of(config)))


def _refuse_compose(manifest: Manifest) -> None:
    """A compose file is not read here. Without one beside it, flyctl ignores an empty [build.compose]."""
    compose = manifest.table("build").get("compose")
    if not isinstance(compose, Mapping):
        return
    file = compose.get("file")
    if file or any(name in manifest.local for name in COMPOSE_NAMES):
        raise Unconvertible("[build.compose] is not supported by Flightplan", ("build", "compose"))


def _load(manifest: Manifest, text: str, path: Path) -> Node:
    if not text.startswith("{"):
        local = manifest.local.get(text)
        if not text.endswith(".json") or local is None or local.content is None:
            # The text itself may have secret values, which a message must not repeat; a file's name is not secret.
            named = f" {quote(text)}" if text.endswith(".json") else ""
            raise Unconvertible(f"machine_config{named} is neither JSON nor a readable .json file", path)
        text = local.content
    try:
        return parse_json(text)
    except JsonError as error:
        raise Unconvertible(f"machine_config is not JSON: {error}", path) from error


def _decode(root: Node) -> Decoder:
    decoder = Decoder(Problems(Source(file="machine_config", text="", root=root)))
    decoder.decode(root, MACHINE_CONFIG, ("machine_config",))
    return decoder


def _without_unknown(config: JsonObject, decoder: Decoder) -> JsonObject:
    if not decoder.unknown:
        return config
    result = copy_object(config)
    for unknown in decoder.unknown:
        place: Json = result
        for part in unknown.path[1:-1]:
            if isinstance(place, dict) and isinstance(part, str):
                place = place.get(part)
            elif isinstance(place, list) and isinstance(part, int):
                place = place[part]
        if isinstance(place, dict):
            place.pop(str(unknown.path[-1]), None)
    return result


def _merge(under: Json, over: Json) -> Json:
    """Merge as encoding/json does: objects by key, lists by index."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**copy_object(under), **{key: _merge(under.get(key), value) for key, value in over.items()}}
    if _is_list(under) and _is_list(over):
        assert isinstance(under, Sequence)
        assert isinstance(over, Sequence)
        return [
            _merge(under[index] if index < len(under) and isinstance(under[index], Mapping) else None, item)
            for index, item in enumerate(over)
        ]
    return copy_json(over)


def _is_list(value: Json) -> bool:
    return isinstance(value, list | tuple)


def _choose_container(manifest: Manifest, config: JsonObject, path: Path) -> None:
    """The container that gets the built image: the named one, else `app`, else the first."""
    containers = [dict(item) for item in objects(config.get("containers"))]
    if not containers:
        return
    named = manifest.values.get("container")
    chosen = next((c for c in containers if c.get("name") == (named or "app")), None)
    if chosen is None and named:
        raise Unconvertible(f"container {named!r} is not in machine_config", ("container",))
    chosen = chosen or containers[0]
    for container in containers:
        if container is chosen:
            container["image"] = "."
        elif not container.get("image"):
            raise Unconvertible(f"container {container.get('name')!r} needs an image", path)
    config["containers"] = list(containers)
