"""GitHub's API through PyGithub, which the first call imports."""
