"""Text → a tree of values that know where they stand."""
