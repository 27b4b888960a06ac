"""What the answers of a preflight mean for a plan."""
