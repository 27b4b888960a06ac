"""The fingerprint of a machine's config. The gate uses it to recognise a machine that our deploy wrote, or that a review showed.

A fingerprint begins with its schema: `2:…`, or `h2:…` for an HMAC with the input `record-key`. So a later version can compute the
fingerprints of an older one. It leaves out what the platform or flyctl change without meaning: run state, version, host, ids, release
metadata, which volume is mounted, which machine a standby stands by for. So a restart, migration, stop or clone does not change it.
What Fly may add by itself is in it, and a live machine is looked for with it and without.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from functools import partial

from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import NormalConfig, NormalForms, normal_config, without_added
from entrypoint.kernel.images import parse_image
from entrypoint.kernel.json import Json, JsonObject, canonical
from entrypoint.kernel.secrets import Secret
from entrypoint.kernel.sharing import Derived

SCHEMA = "2"
KEYED = "h2"
INPUT_LENGTH = 16
"""Hex characters of an input's hash."""
STANDBY_FOR = "FLY_STANDBY_FOR"
_FLYCTLS = frozenset({"fly_bluegreen_deployment_tag", "fly_flyctl_bluegreen_launch_id"})
"""Metadata that flyctl writes for its own use during a blue-green deploy (flyctl internal/command/deploy/strategy_bluegreen.go)."""
_NOT_COUNTED = VOLATILE_KEYS | _FLYCTLS
_OF_THE_VOLUME = frozenset({"volume", "encrypted", "size_gb"})
"""What the platform adds to a mount. It follows from the volume."""


def config_form(config: Mapping[str, Json]) -> JsonObject:
    """The part of a config that a fingerprint covers, without the image, in normal form."""
    return _covered(normal_config(config))


def _covered(config: NormalConfig) -> JsonObject:
    form = {key: value for key, value in config.items() if key != "standbys"}
    for key, part in (("metadata", _metadata), ("env", _env), ("mounts", _mounts)):
        if key in form:
            form[key] = part(form[key])
    return {key: value for key, value in form.items() if value not in ({}, [])}


def bare_form(config: Mapping[str, Json]) -> JsonObject:
    """`config_form` without what the platform adds by itself (fleet.normalise.ADDED)."""
    return without_added(config_form(config), {})


def _metadata(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    return {k: v for k, v in value.items() if k not in _NOT_COUNTED}


def _env(value: Json) -> Json:
    return {k: v for k, v in value.items() if k != STANDBY_FOR} if isinstance(value, Mapping) else value


def _mounts(value: Json) -> Json:
    if not isinstance(value, list | tuple):
        return value
    return [_mount(item) if isinstance(item, Mapping) else item for item in value]


def _mount(value: Mapping[str, Json]) -> Json:
    return {k: v for k, v in value.items() if k not in _OF_THE_VOLUME}


def config_fingerprint(config: Mapping[str, Json], *, secret: Secret | None) -> str:
    """The fingerprint of a config that is about to be written. Its image names a digest by then (rule 4 of docs/gate.md)."""
    return _spell({"config": config_form(config), "image": _images(config, None)[0]}, secret, length=32)


class Fingerprints:
    """The fingerprints of live machines. Those of machines that are alike are worked out once."""

    def __init__(self, *, secret: Secret | None) -> None:
        self._secret = secret
        self._forms = NormalForms()
        self._newest = Derived[str]()
        self._spellings = Derived[frozenset[str]]()

    def of(self, machine: Machine) -> str:
        """Its fingerprint, as a review record holds it."""
        return self._newest.of(machine.config, machine.image_digest, make=partial(self._spell, machine))

    def spellings(self, machine: Machine) -> frozenset[str]:
        """Every fingerprint that may be on record for it: with and without the key, by either digest of its image, with and without what
        the platform adds to a config by itself.
        """
        make = partial(self._spell_in_every_way, machine)
        return self._spellings.of(machine.config, machine.image_digest, make=make)

    def _spell(self, machine: Machine) -> str:
        image = _images(machine.config, machine.image_digest)[0]
        return _spell({"config": self._form(machine), "image": image}, self._secret, length=32)

    def _spell_in_every_way(self, machine: Machine) -> frozenset[str]:
        form = self._form(machine)
        bare = without_added(form, {})
        return frozenset(
            spelling
            for form in ((form,) if form == bare else (form, bare))
            for image in _images(machine.config, machine.image_digest)
            for spelling in spellings({"config": form, "image": image}, secret=self._secret, length=32)
        )

    def _form(self, machine: Machine) -> JsonObject:
        return _covered(self._forms.of(machine.config))


def fleet_fingerprints(machines: Iterable[Machine], *, secret: Secret | None) -> dict[str, str]:
    """The fingerprint of each machine, by machine id."""
    fingerprints = Fingerprints(secret=secret)
    return {machine.id: fingerprints.of(machine) for machine in machines}


def spellings(value: Json, *, secret: Secret | None, length: int = INPUT_LENGTH) -> tuple[str, ...]:
    """Every short hash that may be on record for `value`. The first is the one that new records get."""
    plain = _spell(value, None, length=length)
    return (_spell(value, secret, length=length), plain) if secret else (plain,)


def is_keyed(spelling: str) -> bool:
    """Whether a hash on record was made with a key, so that only a run with the same key can compare it."""
    return spelling.startswith(f"{KEYED}:")


def _spell(value: Json, secret: Secret | None, *, length: int) -> str:
    data = canonical(value).encode("utf-8", "surrogatepass")
    if not secret:
        return f"{SCHEMA}:{hashlib.sha256(data).hexdigest()[:length]}"
    key = secret.reveal().encode("utf-8", "surrogatepass")
    return f"{KEYED}:{hmac.new(key, data, hashlib.sha256).hexdigest()[:length]}"


def _images(config: Mapping[str, Json], resolved: str | None) -> tuple[str, ...]:
    """The image's names, best first: repository with the pinned digest, repository with the resolved digest, else the text itself.

    The digest that the platform resolved and the one in the config may differ for one image: one of an index, one of a manifest in it.
    """
    image = config.get("image")
    text = image if isinstance(image, str) else ""
    reference = parse_image(text)
    repo = reference.place if reference else text
    digests = [reference.digest if reference else None, resolved]
    return tuple(f"{repo}@{digest}" for digest in digests if digest) or (text,)
