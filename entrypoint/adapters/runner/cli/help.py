"""`flightplan help`: the commands in groups, and the flags of one."""

from __future__ import annotations

from entrypoint.adapters.runner.cli.commands import COMMANDS, SHELLS, Name
from entrypoint.adapters.runner.cli.parser import make_parser

PAGES = "https://github.com/flightplan-dev/flightplan/tree/main/docs"
BUGS = "https://github.com/flightplan-dev/flightplan/issues"
_PROMISE = (
    "Shows what a merge will do to every Fly Machine of your app. On merge, does exactly that, and proves it."
)


def overview() -> str:
    """All commands, each with its example."""
    lines = [_PROMISE, "", "Usage: flightplan COMMAND [flags]"]
    heading = ""
    for name, command in COMMANDS.items():
        if command.heading != heading:
            heading = command.heading
            lines += ["", heading]
        lines += [f"  {name:<12}{command.summary}", f"  {'':<12}  {command.examples[0]}"]
    lines += ["", "Flags of a command: flightplan help COMMAND", f"Documents: {PAGES}", f"Problems: {BUGS}"]
    return "\n".join(lines)


def command_help(name: Name) -> str:
    """What a command does, examples, and its flags."""
    command = COMMANDS[name]
    examples = "\n".join(["Examples:", *(f"  {example}" for example in command.examples)])
    if not command.takes_inputs and name is not Name.INIT:
        values = {Name.COMPLETION: f" {'|'.join(SHELLS)}", Name.HELP: " [COMMAND]"}.get(name, "")
        return f"Usage: flightplan {name}{values}\n\n{command.summary}\n\n{examples}"
    epilog = "Inputs, exit codes and variables: docs/inputs.md"
    parser = make_parser(name, description=f"{command.summary}\n\n{examples}", epilog=epilog)
    return parser.format_help().rstrip().replace("usage: ", "Usage: ", 1)
