"""What `init` writes and prints, and what `doctor` found."""
