"""SIGINT and SIGTERM at many moments of a real process that has little to do: what was done is told, or nothing was begun."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.stage import stage

IMAGE = "registry.fly.io/acme-shop:v42"
MOMENTS = 5


@pytest.mark.parametrize(("event", "sent"), [("pull_request", signal.SIGINT), ("push", signal.SIGTERM)])
def test_stopped_at_any_moment__it_tells_its_end_or_has_begun_nothing(
    event: str, sent: signal.Signals
) -> None:
    with stage(speed=20) as here:
        here.run("pull_request", image=IMAGE)
        if event == "push":
            here.merge()
            here.run("push", image=IMAGE)
        begun = time.monotonic()
        here.run(event, image=IMAGE)
        whole = time.monotonic() - begun
        written = len(here.writes())
        for moment in range(MOMENTS):
            process = here.start(event, image=IMAGE)
            time.sleep(whole * (moment + 1) / MOMENTS)
            process.send_signal(sent)
            log = _ended(process)
            if process.returncode in (0, 5):
                assert "Traceback" not in log
                assert here.outputs()["result"] in ("cancelled", "planned", "nothing-to-do"), log
            else:  # Python itself was still loading
                assert process.returncode in (130, -sent, 1), log
                assert here.outputs() == {}, log
                assert "add-mask" not in log, "the first that we say"
        assert len(here.writes()) == written
        assert here.leases() == []


def _ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=30)
    return f"{out}{err}"
