"""One type for each kind of id, so that mypy reports a region passed as a group."""

from __future__ import annotations

from typing import NewType

AppName = NewType("AppName", str)
GroupName = NewType("GroupName", str)
MachineId = NewType("MachineId", str)
Version = NewType("Version", str)
"""A machine's `instance_id`: a ULID, new with every configuration update (Machines API `version`)."""
VolumeId = NewType("VolumeId", str)
Region = NewType("Region", str)
Nonce = NewType("Nonce", str)
"""Proof that we hold a machine's lease."""
Digest = NewType("Digest", str)
"""64 lower-case hex characters: SHA-256 over canonical JSON."""
