"""What the merged files, the policy and the image ask for, normalised: formatting, comments and key order do not count."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from entrypoint.fleet.normalise import normal_config
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
    """One JSON object. `app` is the app that is deployed, whatever fly.toml calls it.

    Its top-level keys and groups are the parts that a refused deploy is explained with.
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
            **{str(wish.group): _group(wish, settings) for wish in desired},
            **_gone(settings, {wish.group for wish in desired}),
        },
    }


def _gone(settings: Settings, groups: Collection[GroupName]) -> JsonObject:
    """What flightplan.toml asks of groups that fly.toml no longer has: their machines may go, and how is asked for."""
    return {
        str(name): {
            key: True for key, asked in (("snapshot", policy.snapshot), ("drain", policy.drain)) if asked
        }
        for name, policy in sorted(settings.policy.groups.items())
        if name not in groups and (policy.snapshot or policy.drain)
    }


def settings_of(intent: Mapping[str, Json]) -> JsonObject:
    """The part of an intent that no machine's config has in it: how it is rolled out, and what each group's policy is."""
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
    """Repository and digest: the tag that named it does not matter."""
    if not image.sealed:
        return ImageSource.BUILT_ON_MERGE.value
    if image.ref is None:
        return ImageSource.LIVE.value
    reference = parse_image(image.ref)
    return [reference.place if reference else image.ref, image.digest or image.ref]


def _group(wish: Desired, settings: Settings) -> JsonObject:
    fresh = wish.new_config
    policy, count = settings.group(wish.group), settings.count(wish.group)
    value = settings.max_unavailable(wish.group)
    checks = checks_of(wish.manifest, wish.group)
    volume = new_volume_intent(wish.manifest, wish.group)
    return {
        "config": None if isinstance(fresh, tuple) else normal_config(fresh),
        "count": {str(r): n for r, n in count.items()} if isinstance(count, Mapping) else count,
        "max_unavailable": value if math.isfinite(value) else str(value),
        "singleton": policy.singleton,
        "when_empty": policy.when_empty,
        "start": policy.start,
        # Named where they are set only: plans without them keep their digests.
        **({"machine_checks": [dict(check) for check in checks]} if checks else {}),
        **({"new_volume": volume} if volume else {}),
        **({"snapshot": True} if policy.snapshot else {}),
        **({"volume_size": policy.volume_size} if policy.volume_size is not None else {}),
        **({"drain": True} if policy.drain else {}),
    }
