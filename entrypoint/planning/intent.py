"""The intent: what fly.toml, flightplan.toml, inputs and image ask for, as JSON. Formatting, comments and key order do not count."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from entrypoint.kernel.ids import AppName, GroupName
from entrypoint.kernel.images import parse_image
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.model import Manifest
from entrypoint.planning.desired import Desired
from entrypoint.planning.machine_checks import checks_of
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.selection import Selection
from entrypoint.planning.release import release_intent
from entrypoint.planning.settings import Settings
from entrypoint.planning.volumes import new_volume_intent


def describe_intent(
    *, app: AppName, manifest: Manifest, settings: Settings, image: Image, desired: Sequence[Desired]
) -> JsonObject:
    """The intent as one JSON object. `app`: the app that is deployed, which may differ from the name in fly.toml.

    When a deploy is refused, its explanation names the top-level keys and groups that differ.
    """
    return {
        "app": app,
        "image": _image(image),
        "rollout": {
            "strategy": settings.strategy,
            "wait_timeout": settings.wait_timeout,
            "on_failure": settings.on_failure.value,
            "order": [list(entry) for entry in settings.policy.order],
            "compat": settings.compat.value,
            "primary_region": manifest.primary_region,
            **({} if settings.selection.is_all else {"selection": _selection(settings.selection)}),
            **({"verify": settings.policy.verify.described()} if settings.policy.verify else {}),
            **({"addresses": settings.policy.addresses.value} if settings.policy.addresses else {}),
        },
        **({"note": settings.policy.note} if settings.policy.note else {}),
        "release_command": release_intent(manifest, settings),
        "groups": {
            **{str(wanted.group): _group(wanted, settings) for wanted in desired},
            **_gone(settings, {wanted.group for wanted in desired}),
        },
    }


def _gone(settings: Settings, groups: Collection[GroupName]) -> JsonObject:
    """The policies of groups that fly.toml no longer has, as far as they say how to destroy their machines."""
    return {
        str(name): {
            key: True for key, asked in (("snapshot", policy.snapshot), ("drain", policy.drain)) if asked
        }
        for name, policy in sorted(settings.policy.groups.items())
        if name not in groups and (policy.snapshot or policy.drain)
    }


def settings_of(intent: Mapping[str, Json]) -> JsonObject:
    """The part of an intent that is in no machine's config: how the plan is rolled out, and each group's policy."""
    groups, release = intent.get("groups"), intent.get("release_command")
    found: JsonObject = {"rollout": intent.get("rollout")}
    if isinstance(release, Mapping):
        config = release.get("config")
        guest = config.get("guest") if isinstance(config, Mapping) else None
        found["release_command"] = {"timeout": release.get("timeout"), "guest": guest}
    if isinstance(groups, Mapping):
        found["groups"] = {
            name: {key: value for key, value in group.items() if key != "config"}
            for name, group in groups.items()
            if isinstance(group, Mapping)
        }
    return found


def _selection(selection: Selection) -> Json:
    return {"groups": sorted(selection.groups), "regions": sorted(selection.regions)}


def _image(image: Image) -> Json:
    """Repository and digest. The tag does not count."""
    if not image.sealed:
        return ImageSource.BUILT_ON_MERGE.value
    if image.ref is None:
        return ImageSource.LIVE.value
    reference = parse_image(image.ref)
    return [reference.place if reference else image.ref, image.digest or image.ref]


def _group(wanted: Desired, settings: Settings) -> JsonObject:
    config = wanted.new_config
    policy, count = settings.group(wanted.group), settings.count(wanted.group)
    value = settings.max_unavailable(wanted.group)
    checks = checks_of(wanted.manifest, wanted.group)
    volume = new_volume_intent(wanted.manifest, wanted.group)
    return {
        "config": None if isinstance(config, tuple) else wanted.normal(config),
        "count": {str(r): n for r, n in count.items()} if isinstance(count, Mapping) else count,
        "max_unavailable": value if math.isfinite(value) else str(value),
        "singleton": policy.singleton,
        "when_empty": policy.when_empty,
        "start": policy.start,
        # Left out where they are not set, so that plans without them keep their digests.
        **({"machine_checks": [dict(check) for check in checks]} if checks else {}),
        **({"new_volume": volume} if volume else {}),
        **({"snapshot": True} if policy.snapshot else {}),
        **({"volume_size": policy.volume_size} if policy.volume_size is not None else {}),
        **({"drain": True} if policy.drain else {}),
    }
