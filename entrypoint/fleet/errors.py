"""How the Machines API can fail, by what to do next.

    FleetError (OutsideError, exit 6)
    ├── Unauthorized       401/403: the token has no access to this app
    ├── AppNotFound        404 on the app itself
    ├── MachineGone        404 on a machine: somebody has destroyed it
    ├── VersionConflict    409: the machine is not at the version we expected; nothing was applied
    ├── LeaseHeld          409: somebody else holds the lease
    ├── LeaseLost          the API no longer accepts our nonce
    ├── NoCapacity         409/412/422: no capacity on the host, in the region, or on the volume's host
    ├── Refused            400/412/422: refused; a retry does not help
    ├── NotSent            it waited for its turn under the rate limits, and was dropped
    └── Unavailable        timeouts, 5xx, 429, resets, after all retries

Raised by adapters/machines. The texts name machine, HTTP status and fly-request-id, never a secret.
"""

from __future__ import annotations

from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.ids import MachineId


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


class AlreadyMade(FleetError):
    """Another run of the same plan has created the machine."""

    def __init__(self, message: str, *, machine: MachineId) -> None:
        super().__init__(message)
        self.machine = machine


class LeaseHeld(FleetError):
    """Somebody else holds the lease; `holder` is the API's description of them."""

    def __init__(self, message: str, *, holder: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.holder = holder


class LeaseLost(FleetError):
    """The lease expired or was taken from us."""


class NoCapacity(FleetError):
    """No capacity on the host, in the region, or on the volume's host."""


class Refused(FleetError):
    """The API understood the request and refused it."""


class NotSent(FleetError):
    """The request waited for its turn under Fly's rate limits, and was dropped before it was sent."""


class Unavailable(FleetError):
    """The API gave no useful answer, after all retries."""
