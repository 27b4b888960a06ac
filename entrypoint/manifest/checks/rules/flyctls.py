"""Ids of findings that no file in this folder raises: the parser's, the decoder's and flyctl's own rules (validate.py)."""

from __future__ import annotations

FLYCTLS: dict[str, str] = {
    "toml-syntax": "The file is not TOML, or not text at all.",
    "wrong-type": "A value has a type that flyctl cannot decode.",
    "dropped-value": "flyctl drops a value that it cannot read as a duration.",
    "build-strategies": "[build] names more than one way to build.",
    "deploy-strategy": "[deploy] names a strategy that does not exist.",
    "canary-with-mounts": "Strategy canary does not work with mounts.",
    "command-syntax": "A command cannot be split into words.",
    "check-type": "A check in [checks] needs type http or tcp.",
    "check-interval": "A check in [checks] runs at most every 2 seconds.",
    "check-timeout": "A check in [checks] waits at most 60 seconds.",
    "check-duration": "A service check's time is outside 1 second to 1 minute, and is moved to the bound.",
    "service-without-processes": "A service must name its groups where [processes] exists.",
    "service-without-ports": "A service without ports gets no traffic.",
    "restart-policy": "[[restart]] has a policy that does not exist.",
    "snapshot-retention": "Volume snapshots are kept 1 to 60 days.",
    "volume-size": "A volume size cannot be read, or is below 1 GB.",
    "auto-extend": "A volume's automatic extension is out of bounds.",
    "build-compression": "[build] compression is unknown, or its level is not 0 to 9.",
}
SUPPRESSIONS: dict[str, str] = {
    "unused-suppression": "A comment suppresses a finding that is not there, or a rule that does not exist.",
    "refused-suppression": "What flyctl itself rejects cannot be turned off or down.",
}
PLANNING: dict[str, str] = {
    "conversion": "fly.toml cannot be made into a Machine config, which flyctl notices only while deploying.",
}
"""Findings in a file that only a plan raises."""
POLICY: dict[str, str] = {
    "policy-key": "flightplan.toml has a key that does not exist.",
    "policy-value": "flightplan.toml has a value of the wrong kind.",
    "policy-group": "flightplan.toml names a group that fly.toml does not have.",
    "policy-rule": "[rules] in flightplan.toml names a rule that does not exist.",
}
"""Findings in flightplan.toml. `[rules]` cannot change their level, because a policy with errors is not used."""
