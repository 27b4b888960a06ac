"""What is loaded beside requests may be wanted by a thread at the same moment: GitHub's client and git work in threads."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys, threading, time
import anyio
from entrypoint.modes.loading import PLAN, deploy_parts, load

wanted = sys.argv[1]
failed = []

def want():
    try:
        exec(wanted)
    except ImportError as error:
        failed.append(error)

thread = threading.Thread(target=want)
thread.start()
time.sleep(0.02)
package = wanted.split()[1].partition(".")[0]
names = [name for name in (*PLAN, *deploy_parts(is_gated=True)) if name.partition(".")[0] == package]
assert names
anyio.run(load, names, backend="trio")
thread.join()
sys.exit(str(failed[0]) if failed else 0)
"""


@pytest.mark.parametrize(
    "wanted",
    ["from github import Auth, Github", "from dulwich.repo import Repo", "import requests", "import jinja2"],
)
def test_a_thread_that_wants_the_same_gets_it(wanted: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, wanted], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
