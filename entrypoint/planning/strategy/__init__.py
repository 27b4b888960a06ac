"""Strategies: in which order the steps are done. One file for each; each turns groups into waves, as data."""
