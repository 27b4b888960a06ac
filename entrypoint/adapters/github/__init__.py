"""GitHub through PyGithub, imported only when a call is due."""
