"""fly.toml and flightplan.toml: text in, Manifest, Policy and findings with positions out."""
