"""The fault files of the example end as their README says."""

from __future__ import annotations

import json

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import EXAMPLE, MANIFEST, make_bench, virtual

FILES = EXAMPLE / "faults"
ENDS = {
    "stopped-by-the-proxy": ("rolled-back", "somebody stopped it"),
    "foreign-lease": ("halted", "Nothing was written."),
    "critical-after-passing": ("rolled-back", "turned critical"),
    "exits-after-passing": ("rolled-back", "ended with code 7"),
    "proof-fails": ("halted", "afterwards the fleet was not as planned"),
    "changed-during-release-command": ("not-reviewed", "the release command has run"),
    "old-version-does-not-pass": ("halted", "restored, **not healthy**"),
}


def test_every_file_has_its_row_and_its_test() -> None:
    files = {path.stem for path in FILES.glob("*.json")}
    assert files == ENDS.keys()
    readme = (FILES / "README.md").read_text("utf-8")
    assert all(f"| `{name}.json` |" in readme for name in files)


@pytest.mark.parametrize("name", ENDS)
def test_a_deploy_under_it__ends_as_the_readme_says(name: str) -> None:
    faults = json.loads((FILES / f"{name}.json").read_text("utf-8"))
    bench = make_bench(manifest=MANIFEST.replace('mailer = "bin/mailer"\n', ""), faults=faults)
    result = virtual(lambda: bench.deploy(gate=Gate.NONE, wait_timeout=45.0, max_unavailable=1.0))
    end, words = ENDS[name]
    summary = "".join(bench.console.summaries)
    assert result.outputs["result"] == end, summary
    assert words in summary
