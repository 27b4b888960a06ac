"""A machine is known by its config: what the platform moves is no difference, what a hand moves is."""

from __future__ import annotations

import re

import pytest

from entrypoint.fleet.fingerprints import (
    Fingerprints,
    config_fingerprint,
    spellings,
)
from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.kernel.secrets import Secret
from tests.unit.planning.kit import NEW, OLD, machine

BASE = machine("a")
META = {"fly_platform_version": "v2", "fly_process_group": "web"}
MOUNT = {"volume": "vol_1", "path": "/data", "name": "data"}


def print_of(**config):
    return Fingerprints(secret=None).of(machine("a", config=config))


def test_form():
    assert re.fullmatch("2:[0-9a-f]{32}", Fingerprints(secret=None).of(BASE))
    assert re.fullmatch("h2:[0-9a-f]{32}", Fingerprints(secret=Secret("k")).of(BASE))


@pytest.mark.parametrize(
    "same",
    [
        machine("b", version="b-9", state="stopped", region="gru"),
        machine("a", config={"metadata": META | dict.fromkeys(VOLATILE_KEYS, "x")}),
        machine("a", config={"metadata": META | {"fly_bluegreen_deployment_tag": "1"}}),
        machine("a", config={"standbys": ["m1"], "dns": {}, "services": []}),
        machine(
            "a",
            config={"env": {"FLY_PROCESS_GROUP": "web", "PRIMARY_REGION": "ams", "FLY_STANDBY_FOR": "m1"}},
        ),
        machine("a", config={"image": OLD.replace(":v1@", ":other@")}),
    ],
)
def test_what_moves_by_itself__keeps_it(same):
    assert Fingerprints(secret=None).of(same) == Fingerprints(secret=None).of(BASE)


@pytest.mark.parametrize(
    "config",
    [
        {"env": {"FLY_PROCESS_GROUP": "web", "PRIMARY_REGION": "ams", "LEVEL": "debug"}},
        {"guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 256}},
        {"metadata": META | {"team": "x"}},
        {"metadata": META | {"fly_process_group": "worker"}},
        {"image": NEW},
        {"image": OLD.replace("/shop:", "/other:")},
        {"mounts": [MOUNT]},
        {"schedule": "daily"},
    ],
)
def test_what_a_hand_moves__changes_it(config):
    assert print_of(**config) != print_of()


def test_which_volume__is_no_difference__where_is():
    one = print_of(mounts=[MOUNT])
    assert print_of(mounts=[MOUNT | {"volume": "vol_2", "encrypted": True, "size_gb": 3}]) == one
    assert print_of(mounts=[MOUNT | {"path": "/other"}]) != one
    assert print_of(mounts=[MOUNT | {"name": "other"}]) != one
    assert print_of(mounts="odd", metadata="odd", env="odd") != one
    assert print_of(mounts=["odd"]) != one


def test_what_is_written__is_known_when_it_is_live():
    """The platform may resolve the digest of an index to that of the manifest for its machines, or add one to a tag."""
    written = config_fingerprint(BASE.config, secret=None)
    assert written in Fingerprints(secret=None).spellings(machine("a", image_digest="sha256:" + "9" * 64))
    assert written in Fingerprints(secret=None).spellings(machine("a", image_digest=None))
    tag = machine("a", config={"image": "registry.fly.io/shop:v1"}, image_digest="sha256:" + "1" * 64)
    assert written in Fingerprints(secret=None).spellings(tag)
    assert written not in Fingerprints(secret=None).spellings(machine("a", config={"image": NEW}))


def test_what_fly_adds_by_itself__is_no_edit():
    service = {"internal_port": 80, "protocol": "tcp"}
    usual = {"type": "connections", "hard_limit": 25, "soft_limit": 20}
    written = config_fingerprint(machine("a", config={"services": [service]}).config, secret=None)
    for added in ({"concurrency": usual}, {"min_machines_running": 0}):
        live = machine("a", config={"services": [service | added]})
        assert written in Fingerprints(secret=None).spellings(live)
        assert config_fingerprint(live.config, secret=None) in Fingerprints(secret=None).spellings(live)
    for other in ({"concurrency": usual | {"soft_limit": 21}}, {"min_machines_running": 1}):
        live = machine("a", config={"services": [service | other]})
        assert written not in Fingerprints(secret=None).spellings(live)


def test_with_a_key__both_are_known():
    secret = Secret("k")
    keyed = config_fingerprint(BASE.config, secret=secret)
    assert keyed in Fingerprints(secret=secret).spellings(BASE)
    assert config_fingerprint(BASE.config, secret=None) in Fingerprints(secret=secret).spellings(BASE)
    assert keyed not in Fingerprints(secret=Secret("other")).spellings(BASE)
    assert keyed not in Fingerprints(secret=None).spellings(BASE)
    assert spellings("x", secret=secret)[0].startswith("h2:")
    assert spellings("x", secret=secret)[1:] == spellings("x", secret=None)
