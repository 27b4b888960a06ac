"""New machines in full: what they are, how many, where; values of variables never."""

from __future__ import annotations

from entrypoint.planning.model.steps import Create
from entrypoint.report.plan.created import created, created_json
from tests.unit.planning.kit import machine, plan, volume

TEXT = """
[processes]
web = "bin/web --port 8080"
worker = "bin/worker"
[env]
API_URL = "https://hunter2.example"
[[services]]
processes = ["web"]
protocol = "tcp"
internal_port = 8080
[[services.ports]]
port = 443
handlers = ["tls", "http"]
[[services.ports]]
start_port = 9000
end_port = 9010
[[services.http_checks]]
interval = "10s"
timeout = "2s"
path = "/up"
[[services]]
processes = ["web"]
protocol = "udp"
internal_port = 53
[checks.queue]
processes = ["worker"]
type = "tcp"
port = 9100
interval = "15s"
timeout = "2s"
[[mounts]]
processes = ["worker"]
source = "data"
destination = "/data"
initial_size = "3gb"
"""


def test_everything_but_values() -> None:
    made = {str(item.group): dict(item.facts) for item in created(plan(TEXT, status="pending"))}
    assert made["web"] == {
        "command": ('["bin/web", "--port", "8080"]',),
        "size": ("shared-cpu-1x 256 MB",),
        "ports": ("443 → 8080/tcp (tls, http)", "9000-9010 → 8080/tcp", "none → 53/udp"),
        "checks": ("http /up on 8080, every 10s, timeout 2s",),
        "env": ("API_URL", "FLY_PROCESS_GROUP", "PRIMARY_REGION"),
    }
    assert made["worker"]["checks"] == ("queue: tcp on 9100, every 15s, timeout 2s",)
    assert made["worker"]["volume"] == ("data at /data: a new one of 3 GB",)
    assert "hunter2" not in str(made)


def test_alike_machines__are_told_once_with_their_places() -> None:
    text = '[processes]\nworker = "bin/worker"\n'
    (item,) = created(
        plan(text, machine("a", "worker"), policy_text="[groups.worker]\ncount = { ams = 2, fra = 2 }\n")
    )
    assert item.regions == (("ams", 1), ("fra", 2))
    (new,) = created(plan(text, status="pending"))
    assert (new.regions, new.standbys) == ((("ams", 2),), 1)


def test_a_free_volume_is_named() -> None:
    text = '[processes]\nworker = "bin/worker"\n[mounts]\nsource = "data"\ndestination = "/data"\n'
    made = plan(text, volumes=(volume("vol_free"),), status="pending")
    (step,) = [s for _, s in made.steps() if isinstance(s, Create)]
    assert created_json(step)["volume"] == ["data at /data: vol_free"]


def test_the_images_own_command() -> None:
    (item,) = created(plan("", status="pending"))
    assert dict(item.facts)["command"] == ("the image's own",)
