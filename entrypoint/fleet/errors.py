"""How the Machines API can fail, by what to do next.

    FleetError (OutsideError, exit 6)
    ├── Unauthorized       401/403: the token does not open this app
    ├── AppNotFound        404 on the app itself
    ├── MachineGone        404 on a machine: it was destroyed under us
    ├── VersionConflict    409: the machine is no longer at the version we expected; nothing was applied
    ├── LeaseHeld          409: somebody else holds the lease
    ├── LeaseLost          our nonce is no longer taken
    ├── NoCapacity         409/412/422: host, region or volume host has no room
    ├── Refused            400/412/422: the API will not do this, however often it is asked
    └── Unavailable        timeouts, 5xx, 429, resets, after all retries

Raised by adapters/machines; the texts name machine, HTTP status and fly-request-id, never a secret.
"""

from __future__ import annotations

from entrypoint.kernel.errors import OutsideError


class FleetError(OutsideError):
    """Any failure of the Machines API."""


class Unauthorized(FleetError):
    """The token is missing, expired, malformed or not for this app."""


class AppNotFound(FleetError):
    """There is no app of that name."""


class MachineGone(FleetError):
    """The machine does not exist any more."""


class VersionConflict(FleetError):
    """Somebody changed the machine after it was read. Nothing was applied."""


class LeaseHeld(FleetError):
    """Somebody else holds the lease; `holder` is what the API says of them."""

    def __init__(self, message: str, *, holder: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.holder = holder


class LeaseLost(FleetError):
    """The lease expired or was taken from us."""


class NoCapacity(FleetError):
    """No capacity on the host, in the region, or on the volume's host."""


class Refused(FleetError):
    """The API understood the request and refused it."""


class Unavailable(FleetError):
    """The API did not answer usefully within the retries."""
