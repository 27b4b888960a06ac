"""A plan, for a comment, a terminal and programs."""
