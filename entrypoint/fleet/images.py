"""Which image a machine runs: from its config, and from the digest that the platform resolved."""

from __future__ import annotations

from collections.abc import Iterable

from entrypoint.fleet.model import Machine
from entrypoint.kernel.images import is_same_image, parse_image


def live_reference(machine: Machine) -> str:
    """The image in a machine's config; empty where the config is not known."""
    image = machine.config.get("image")
    return image if isinstance(image, str) else ""


def live_digest(machine: Machine) -> str | None:
    """The digest a machine runs: what the platform resolved, else what its config pins."""
    return machine.image_digest or _pinned_digest(machine)


def live_identity(machine: Machine) -> str:
    """The machine's image as a text to compare: its digest, else the reference itself."""
    return live_digest(machine) or live_reference(machine)


def runs_image(machine: Machine, reference: str | None) -> bool:
    """Whether the machine runs the image of a reference. None means any image.

    If the reference has a digest, the machine must be known to run that digest, because a tag may have moved. The digest that the
    platform resolved and the one in the config may differ for one image: an index, and its manifest for the machine's platform. Either
    of them counts.
    """
    if reference is None:
        return True
    asked = parse_image(reference)
    if asked is not None and asked.digest is not None:
        return asked.digest in (machine.image_digest, _pinned_digest(machine))
    return is_same_image(live_reference(machine), reference)


def common_images(machines: Iterable[Machine]) -> tuple[str, ...]:
    """The references in use, most used first, then by name."""
    counts: dict[str, int] = {}
    for machine in machines:
        reference = live_reference(machine)
        if reference:
            counts[reference] = counts.get(reference, 0) + 1
    return tuple(sorted(counts, key=lambda reference: (-counts[reference], reference)))


def pinned(machine: Machine) -> str:
    """The machine's image, with its digest if known, so that a copy of the machine does not get a tag that has moved since."""
    reference = parse_image(live_reference(machine))
    found = live_digest(machine)
    if reference is None or reference.digest or found is None:
        return live_reference(machine)
    tag = f":{reference.tag}" if reference.tag else ""
    return f"{reference.name}{tag}@{found}"


def _pinned_digest(machine: Machine) -> str | None:
    reference = parse_image(live_reference(machine))
    return reference.digest if reference else None
