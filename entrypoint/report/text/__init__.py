"""Small texts that all reports are made of, escaped."""
