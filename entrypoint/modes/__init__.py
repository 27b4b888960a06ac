"""What each command does: glue between rooms and ports."""
