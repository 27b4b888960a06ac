"""Findings, plan and outcome → Markdown, text, JSON and annotations, redacted by construction."""
