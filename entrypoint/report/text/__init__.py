"""Functions for texts that all reports use, and for escaping."""
