"""The outcome of a deploy, or why it did not run."""
