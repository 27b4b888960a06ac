"""What each command does. It connects the rooms through ports."""
