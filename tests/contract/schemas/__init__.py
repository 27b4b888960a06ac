"""JSON Schemas of fly.toml and flightplan.toml, for editors: made from the reader's own schema, kept in docs/schemas/."""
