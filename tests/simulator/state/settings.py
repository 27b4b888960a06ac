"""How long things take, and the points that Fly's documents leave open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Bounds = tuple[float, float]
"""Seconds, at least and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds that the platform takes. All are divided by the world's speed."""

    prepare: Bounds = (6.0, 9.0)
    """Pulling the image for a new machine."""
    replace: Bounds = (3.5, 3.5)
    boot: Bounds = (1.0, 5.0)
    reboot: Bounds = (0.5, 1.0)
    """Booting again after an exit: the image is there already."""
    stop: Bounds = (1.0, 2.0)
    suspend: Bounds = (1.0, 2.0)
    destroy: Bounds = (1.0, 2.0)
    volume_release: Bounds = (0.0, 3.0)
    """How long a volume stays claimed by a destroyed machine."""
    still_active: Bounds = (0.0, 0.0)
    """How long a start is refused although the machine reads stopped (seen up to 8 s)."""
    first_check: Bounds = (0.5, 0.5)
    """From boot to the first row in `checks`."""
    restart_backoff: Bounds = (1.0, 1.0)
    task: Bounds = (1.0, 1.0)
    """How long the process of a task machine (auto_destroy) runs."""
    destroyed_visible: float = 60.0
    """How long a destroyed machine is still served, then it is not found."""
    volume_create: Bounds = (0.5, 1.0)
    volume_listed: Bounds = (0.0, 0.0)
    """Until a new volume shows in the app's list."""
    snapshot: Bounds = (1.0, 5.0)
    """Until a snapshot shows in the volume's list (seen up to 30 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What Fly's documents leave open and nobody's live tests assert, by the numbers of README.md."""

    wait_over_60: Literal["refuse", "clamp"] = "refuse"
    """1. A wait of more than 60 s. The real Fly refused it in August 2026 (L57 of README.md)."""
    start_started: Literal["accept", "refuse"] = "accept"
    """2. Start of a machine that runs."""
    skip_launch_update: Literal["stopped", "started"] = "stopped"
    """3. Where a running machine ends after an update with skip_launch."""
    update_keeps_cordon: bool = True
    """4. Whether an update leaves the machine cordoned."""
    image_refusal: Literal["400", "422"] = "400"
    """5. How an image that cannot be found is refused."""
    guard_shape: Literal["error", "message"] = "error"
    """6. Body of the refusal of a mutation without the nonce."""
    lease_ttl_default: int = 60
    lease_ttl_max: int = 3600
    """7. Lease seconds without a ttl, and at most."""
    retry_after: bool = False
    """8. Whether 429 carries Retry-After."""
    dead_nonce: Literal["ignore", "refuse"] = "ignore"
    """9. A nonce on a machine that nobody leases. flyctl's canary needs `ignore`."""
    first_check_status: Literal["warning", "critical"] = "warning"
    """10. A check before its first probe."""
    claimed_volume_delete: Literal["412", "409"] = "412"
    """11. Deleting a volume that a machine has claimed."""
    extra_events: bool = True
    """12. Whether starts and stops by the API show as events of their own (`start/starting`, `stop/stopping`)."""
    compat_row: bool = False
    """13. Whether `checks` holds the row `bg_deployments_compat` that Fly adds for old clients."""
    released_refresh: Literal["refuse", "revive", "anew"] = "refuse"
    """14. A refresh after the lease was released or has ended (L21 of README.md). `anew`: with another nonce."""
    skip_launch_rests: Literal["stopped", "created"] = "stopped"
    """15. Where a new machine rests that is not launched (L44 of README.md). flyctl's release command needs `stopped`."""
    metadata_resets_checks: bool = False
    """16. Whether a metadata write lets the checks of a running machine begin anew (L66 of README.md)."""
    durations: Literal["kept", "go"] = "kept"
    """17. Whether durations of a check are read back as they came, or as Go spells them: 75s as 1m15s (L72 of README.md)."""
    service_interval_max: int | None = None
    """18. Seconds to which the interval of a service check is cut; None: not at all (L73 of README.md)."""
    cookie_leads: bool = True
    """19. Whether the affinity cookie leads to a node that does not lag (L36, L37 of README.md)."""
    error_place: Literal["error", "message", "detail", "plain"] = "error"
    """20. Where the text of an ordinary refusal is; `detail` is inside `errors` (L129 of README.md)."""
    deleted_volume: Literal["pending_destroy", "scheduled_for_destruction"] = "pending_destroy"
    """21. The state of a volume that was deleted (L105 of README.md)."""
    extend_needs_restart: bool = False
    """22. Whether a machine must be restarted to see that its volume has grown."""
