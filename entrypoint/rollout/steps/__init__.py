"""Executes steps. One file for each kind."""
