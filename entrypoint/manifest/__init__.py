"""fly.toml and flightplan.toml: text → Manifest, Policy, and findings with positions."""
