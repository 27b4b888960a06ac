"""An unmodified flyctl against the simulator: what it takes for Fly's API, we may build against."""
