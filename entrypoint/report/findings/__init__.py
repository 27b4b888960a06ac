"""Findings, for a comment, a terminal and programs."""
