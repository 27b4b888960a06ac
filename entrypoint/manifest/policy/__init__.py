"""flightplan.toml: what fly.toml cannot say."""
