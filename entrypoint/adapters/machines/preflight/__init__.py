"""Requests whose answers a plan does not need. No answer, a refusal or a late answer is None, never an error."""
