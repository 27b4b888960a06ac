"""What to export so that Flightplan and flyctl take the simulator for Fly."""

from __future__ import annotations


def describe(port: int) -> str:
    """Lines for a shell to read, and where to look."""
    base = f"http://127.0.0.1:{port}"
    return f"""\
# the fleet, live: {base}/
# for Flightplan and for flyctl:
export FLY_FLAPS_BASE_URL={base}
export FLY_API_BASE_URL={base}
export FLY_UIEX_BASE_URL={base}
export FLY_REGISTRY_HOST=127.0.0.1:{port}
export FLY_API_TOKEN=simulated-token
# for flyctl only, and for a terminal of its own: they cut it off from the network (Go never sends loopback through a proxy, and
# nothing listens on port 9)
export HTTPS_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 FLY_TRACE_COLLECTOR_URL=127.0.0.1
export FLY_SEND_METRICS=0 FLY_NO_UPDATE_CHECK=1 FLY_NO_INCIDENTS_CHECK=1 CI=1 FLY_CONFIG_DIR=$(mktemp -d)
"""


def read(text: str) -> dict[str, str]:
    """The variables of `describe`, as a shell would read them; those that run a command are left out."""
    words = (
        word
        for line in text.splitlines()
        if line.startswith("export ")
        for word in line.removeprefix("export ").split()
        if "$" not in word and "=" in word
    )
    return dict(word.split("=", 1) for word in words)
