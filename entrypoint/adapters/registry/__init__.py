"""OCI registries: finds the digest of a tag, and reads labels."""
