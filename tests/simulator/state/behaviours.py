"""How scripted images behave: healthy, slow, crash-looping, never passing a check, a release command that fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from tests.simulator.state.model import Machine

Boot = Literal["ok", "failed", "launch_failed", "crash", "exit", "oom", "stuck"]
Checks = Literal["pass", "never", "flap", "pass_then_fail", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to machines whose image, group and id or name fit the patterns. The first that fits is taken."""

    image: str = "*"
    group: str = "*"
    machine: str = "*"
    boot: Boot = "ok"
    """`crash`, `exit` and `oom` start and then exit; `failed` and `launch_failed` never start; `stuck` hangs in `starting`."""
    exit_code: int = 1
    exit_after: float = 0.5
    """Seconds from started to the exit."""
    boot_seconds: float | None = None
    prepare_seconds: float | None = None
    checks: Checks = "pass"
    check_seconds: float | None = None
    """Seconds from started to the first passing probe; else the check's grace period and interval."""
    check_changes: float = 5.0
    """Seconds between the changes of `flap`, and before the failure of `pass_then_fail`."""
    task_exit_code: int = 0
    """Exit code of task machines: release commands, machine checks."""
    task_seconds: float | None = None
    task_output: str = ""
    drain_seconds: float | None = None
    """Seconds that the process goes on after the signal to stop; else `timing.stop`."""
    closed: tuple[int, ...] | list[int] = ()
    """Ports on which nothing answers: checks that probe them are critical."""
    listens: Literal["service", "loopback", "nothing"] = "service"
    missing: Literal["no", "for_a_while", "for_ever"] = "no"
    """Whether the platform finds the image's manifest."""
    missing_seconds: float = 30.0
    """Length of `for_a_while`, from the first request for the image."""

    def fits(self, *, image: str, group: str, machine: tuple[str, ...]) -> bool:
        """Whether the patterns fit."""
        return (
            fnmatchcase(image, self.image)
            and fnmatchcase(group, self.group)
            and any(fnmatchcase(word, self.machine) for word in machine)
        )


HEALTHY = Behaviour()


def find_behaviour(script: list[Behaviour], machine: Machine) -> Behaviour:
    """How `machine` behaves with its present image."""
    image = str(machine.config.get("image", ""))
    for behaviour in script:
        if behaviour.fits(image=image, group=machine.group, machine=(machine.id, machine.name)):
            return behaviour
    return HEALTHY


def find_image_behaviour(script: list[Behaviour], image: str) -> Behaviour:
    """How the image is found, whatever machine asks."""
    for behaviour in script:
        if behaviour.missing != "no" and fnmatchcase(image, behaviour.image):
            return behaviour
    return replace(HEALTHY)
