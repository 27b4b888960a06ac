"""What `init` writes and says, and what `doctor` found."""
