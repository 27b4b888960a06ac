"""Rules about fly.toml beyond what flyctl checks: one file a rule, named like its id and its page in docs/rules/."""
