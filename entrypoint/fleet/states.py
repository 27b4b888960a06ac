"""What the states of a Fly Machine mean (https://fly.io/docs/machines/machine-states/).

A machine in a state that is in none of these sets exists; nothing else is assumed about it.
"""

from __future__ import annotations

UP = frozenset({"started", "starting", "restarting"})
"""Its process runs or is starting. A start request would do nothing."""
REPLACING = frozenset({"replacing", "updating"})
"""Changing from one config to another. Afterwards it runs, or is stopped if it was stopped before."""
RUNNING = UP | REPLACING
"""Counts as running in the base of a plan: up, or changing from one config to another."""
LAUNCHED = RUNNING | {"failed"}
"""After an update such a machine runs (flyctl machines_launchinput.go, shouldSkipLaunch)."""
STOPPED = frozenset({"stopped", "suspended"})
"""Stopped or suspended after it ran, or after its image was prepared."""
RESTING = STOPPED | {"created"}
"""Does not run until somebody or the proxy starts it. The creator of a `created` machine may be about to start it."""
COMING_TO_REST = frozenset({"stopping", "suspending"})
NOT_RUNNING = RESTING | COMING_TO_REST
"""Does not run, or is stopping. A rollback leaves it so, and a stop request would do nothing."""
TURNING = COMING_TO_REST | {"starting"}
"""The platform is starting or stopping it at this moment."""
SETTLED = RESTING | {"started", "failed"}
"""Not between two states: the platform does not change it by itself."""
FALLEN = frozenset({"stopped", "failed"})
"""Its process has ended. A suspended process has not: it goes on later."""
LEAVING = frozenset({"destroying", "destroyed"})
"""Being destroyed, or destroyed: not a machine of the app any more (fly-go ListFlyAppsMachines)."""
DEAD = LEAVING | {"launch_failed"}
"""Will never run: it is being destroyed, or no host had capacity for it."""
ENDED = frozenset({"failed", "launch_failed", "destroyed"})
"""The last states of a machine that runs one command once and then destroys itself."""
VOLUME_LEAVING = LEAVING | {
    "scheduling_destroy",
    "scheduled_for_destruction",
    "pending_destroy",
    "waiting_for_detach",
    "fork_cleanup",
}
"""States of a volume, not of a machine. flyctl leaves such volumes out of its lists."""
