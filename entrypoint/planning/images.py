"""Image references: what they name, and when two mean the same image."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from entrypoint.fleet.model import Machine
from entrypoint.planning.model import Image

_REFERENCE = re.compile(
    r"(?P<repo>[^@:\s]+(?::\d+/[^@:\s]+)?)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """repo[:tag][@digest], as the OCI distribution specification spells it."""

    repo: str
    tag: str | None
    digest: str | None


def parse_reference(text: str) -> Reference | None:
    """The parts of an image reference, or None if it is not one."""
    match = _REFERENCE.fullmatch(text.strip())
    if match is None:
        return None
    return Reference(repo=match["repo"], tag=match["tag"], digest=match["digest"])


def live_reference(machine: Machine) -> str:
    """The image in a machine's config; empty where the config is not known."""
    image = machine.config.get("image")
    return image if isinstance(image, str) else ""


def live_digest(machine: Machine) -> str | None:
    """The digest a machine runs: what the platform resolved, else what its config pins."""
    if machine.image_digest:
        return machine.image_digest
    reference = parse_reference(live_reference(machine))
    return reference.digest if reference else None


def live_identity(machine: Machine) -> str:
    """What tells a machine's image from another's: its digest, else the reference as it stands."""
    return live_digest(machine) or live_reference(machine)


def wanted_identity(image: Image) -> str | None:
    """The same for the image to deploy; None where machines keep theirs."""
    return image.digest or image.ref


def runs_image(machine: Machine, image: Image) -> bool:
    """Whether the machine runs what is asked for, however it is spelt.

    What the platform resolved and what the config pins may be two digests of one image: of an index, and of its manifest for
    the machine's platform. Either will do.
    """
    if image.ref is None and image.digest is None:
        return True
    pinned = parse_reference(live_reference(machine))
    known = {machine.image_digest, pinned.digest if pinned else None} - {None}
    if image.digest is not None and known:
        return image.digest in known
    return live_reference(machine) == image.ref


def common_images(machines: Iterable[Machine]) -> tuple[str, ...]:
    """The references in use, most used first, then by name."""
    counts: dict[str, int] = {}
    for machine in machines:
        reference = live_reference(machine)
        if reference:
            counts[reference] = counts.get(reference, 0) + 1
    return tuple(sorted(counts, key=lambda reference: (-counts[reference], reference)))


def pinned(machine: Machine) -> str:
    """The machine's image, by digest where it is known: a new machine must not get a tag that has moved since."""
    reference = parse_reference(live_reference(machine))
    found = live_digest(machine)
    if reference is None or reference.digest or found is None:
        return live_reference(machine)
    tag = f":{reference.tag}" if reference.tag else ""
    return f"{reference.repo}{tag}@{found}"
