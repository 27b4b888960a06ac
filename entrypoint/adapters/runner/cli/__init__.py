"""The command line: `flightplan COMMAND [flags]`. The flags are the inputs of action.yml."""
