"""Whether the image can be read from its registry."""

from __future__ import annotations

from entrypoint.kernel.errors import ActionError
from entrypoint.kernel.health import Check, Health
from entrypoint.modes.ports import Images

NAME = "image"


async def look_at_image(image: str | None, images: Images) -> Check:
    """Check one image: the one that the inputs give, else the one that runs."""
    if image is None:
        advice = "Name one: flightplan doctor --image registry.fly.io/my-app:v42"
        return Check(name=NAME, health=Health.UNKNOWN, says="no image is known yet", advice=advice)
    try:
        digest = await images.look(image)
    except ActionError as error:
        return Check(name=NAME, health=Health.NOT_OK, says=str(error), advice=error.hint)
    shown = image if "@" in image else f"{image} is {digest}, and"
    return Check(name=NAME, health=Health.OK, says=f"{shown} can be read")
