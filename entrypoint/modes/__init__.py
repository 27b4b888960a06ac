"""What each command does: it connects the rooms through ports."""
