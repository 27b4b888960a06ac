"""Preflight: what may stop a deploy. What Fly's answers mean for a plan."""
