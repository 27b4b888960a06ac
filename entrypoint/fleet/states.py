"""What the states of a Fly Machine mean: each set once.

The words are those of https://fly.io/docs/machines/machine-states/. A word that is in none of the sets is one that Fly has added
since: nothing is assumed of such a machine but that it exists.
"""

from __future__ import annotations

UP = frozenset({"started", "starting", "restarting"})
"""Its process runs, or is being started: starting it again would do nothing."""
RUNNING = UP | {"replacing", "updating"}
"""Counts as running in the base of a plan: up, or between two configs for a moment."""
LAUNCHED = RUNNING | {"failed"}
"""An update of it ends with a running machine (flyctl machines_launchinput.go, shouldSkipLaunch)."""
STOPPED = frozenset({"stopped", "suspended"})
"""Stopped or suspended after it has run, or created and its image prepared."""
RESTING = STOPPED | {"created"}
"""At rest until somebody or the proxy starts it; of `created`, that may be its creator, in this very moment."""
COMING_TO_REST = frozenset({"stopping", "suspending"})
NOT_RUNNING = RESTING | COMING_TO_REST
"""At rest, or about to be: a rollback leaves it so, and a request to stop it has nothing left to do."""
TURNING = COMING_TO_REST | {"starting"}
"""The platform is starting or stopping it at this moment."""
SETTLED = RESTING | {"started", "failed"}
"""Between no two states: running or not, it stays so."""
FALLEN = frozenset({"stopped", "failed"})
"""Its process has ended; `suspended` is not among them, as a suspended process goes on."""
LEAVING = frozenset({"destroying", "destroyed"})
"""Being taken away, or gone: no machine of the app any more (fly-go ListFlyAppsMachines)."""
DEAD = LEAVING | {"launch_failed"}
"""Will never run: it goes, or no host could take it."""
ENDED = frozenset({"failed", "launch_failed", "destroyed"})
"""The end of a machine that was made to run one command once, and destroys itself."""
VOLUME_LEAVING = LEAVING | {
    "scheduling_destroy",
    "scheduled_for_destruction",
    "pending_destroy",
    "waiting_for_detach",
    "fork_cleanup",
}
"""States of a volume, not of a machine: flyctl leaves such volumes out of its lists."""
