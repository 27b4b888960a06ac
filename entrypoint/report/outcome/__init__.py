"""How a deploy went, or why it did not run."""
