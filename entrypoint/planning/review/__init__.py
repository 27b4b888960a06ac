"""The gate: a review's key, record and evidence, and the rules by which a deploy may run (docs/gate.md)."""
