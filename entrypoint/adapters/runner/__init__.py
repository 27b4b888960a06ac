"""The Actions runner: inputs, event, workflow commands, files, signals."""
