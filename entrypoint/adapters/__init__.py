"""The adapters: the only rooms that use network, files and processes."""
