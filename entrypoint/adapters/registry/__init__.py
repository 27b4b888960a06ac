"""OCI registries: what digest does a tag stand for."""
