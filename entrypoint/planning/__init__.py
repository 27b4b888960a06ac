"""Manifest × policy × fleet → Plan. Pure, total, deterministic."""
