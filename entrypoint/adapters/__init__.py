"""The only rooms that use network, files and processes."""
