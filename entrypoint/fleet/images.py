"""Which image a machine runs, by what its config says and what the platform resolved."""

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
    """What tells a machine's image from another's: its digest, else the reference as it stands."""
    return live_digest(machine) or live_reference(machine)


def runs_image(machine: Machine, reference: str | None) -> bool:
    """Whether the machine runs the image of a reference; None asks for none in particular.

    A digest that is asked for must be known to run: a tag may have moved. What the platform resolved and what the config pins may be
    two digests of one image: of an index, and of its manifest for the machine's platform. Either will do.
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
    """The machine's image, by digest where it is known: a new machine must not get a tag that has moved since."""
    reference = parse_image(live_reference(machine))
    found = live_digest(machine)
    if reference is None or reference.digest or found is None:
        return live_reference(machine)
    tag = f":{reference.tag}" if reference.tag else ""
    return f"{reference.name}{tag}@{found}"


def _pinned_digest(machine: Machine) -> str | None:
    reference = parse_image(live_reference(machine))
    return reference.digest if reference else None
