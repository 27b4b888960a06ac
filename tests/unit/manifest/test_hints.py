"""A value of the wrong type meets the one to write."""

from __future__ import annotations

import pytest

from entrypoint.manifest.read import read

CASES = {
    "app = 1": 'Quote it: "1".',
    "app = true": 'Quote it: "true".',
    "app = 0x1F": 'Quote it: "0x1F".',
    "[deploy]\nrelease_command = ['bin/rails', 'db:migrate']": 'Write one string: "bin/rails db:migrate".',
    "[deploy]\nmax_unavailable = '25%'": "Write 0.25.",
    "[deploy]\nmax_unavailable = '2'": "Write it without quotes.",
    "[deploy]\nmax_unavailable = 'half'": "",
    "[deploy.release_command_vm]\nmemory = 512": 'Quote it: "512".',
    "[http_service]\ninternal_port = '8080'": "Write it without quotes.",
    "[http_service]\ninternal_port = 1\nauto_stop_machines = 'Stop'": 'Did you mean "stop"?',
    "[http_service]\ninternal_port = 1\nauto_stop_machines = 'true'": "Write it without quotes.",
    "[http_service]\ninternal_port = 1\nauto_start_machines = 'true'": "Write it without quotes.",
    "[http_service]\ninternal_port = 1\nforce_https = 1": "",
    "[http_service]\ninternal_port = 1\nprocesses = 'web'": 'Write processes = ["web"].',
    "[vm]\npersist_rootfs = 'allways'": 'Did you mean "always"?',
    "[restart]\npolicy = 'always'": "Write it as [[restart]].",
    "[checks]\ntype = 'http'": "Give the check a name: its keys stand below [checks.NAME].",
    "[checks]\nup = 'http'": "Write it as [checks.up].",
    "swap_size_mb = '512'": "Write it without quotes.",
    "[build.args]\nPIN = 1234": "Quote it.",
    "[build.args]\nPIN = ['1234']": "",
    "[Env]\nPIN = ['1234']": "",
    "[[files]]\nguest_path = '/a'\nraw_value = ['1234']": "",
    "[[files]]\nguest_path = '/a'\nraw_value = 1234": "Quote it.",
    "kill_timeout = '120'": 'Write a duration such as "10s" or "1m30s".',
}


@pytest.mark.parametrize("toml", CASES)
def test_the_hint(toml: str) -> None:
    hints = [f.hint for f in read(toml, file="fly.toml").findings if f.rule == "wrong-type"]
    assert hints == [CASES[toml]]


SECTIONS = {
    "[processes]\nweb = 'a'\n[vm.web]\nmemory = '1gb'": 'Write [[vm]] with processes = ["web"].',
    "[processes]\nweb = 'a'\n[mounts.web]\nsource = 'data'": 'Write [[mounts]] with processes = ["web"].',
    "[http_services]\ninternal_port = 1": "Did you mean `http_service`?",
}


@pytest.mark.parametrize("toml", SECTIONS)
def test_a_section_in_the_wrong_place__is_told_where_it_goes(toml: str) -> None:
    findings = read(toml, file="fly.toml").findings
    assert SECTIONS[toml] in [f.hint for f in findings if f.rule == "unknown-key"]
    assert "vm-default-size" not in {f.rule for f in findings}
