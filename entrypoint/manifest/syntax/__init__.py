"""Text → a tree of values with their positions."""
