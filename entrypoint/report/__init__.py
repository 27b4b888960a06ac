"""Findings, plan and outcome → Markdown, text, JSON and annotations. Secret values are redacted."""
