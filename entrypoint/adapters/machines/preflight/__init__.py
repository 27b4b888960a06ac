"""Questions that a plan asks besides what it needs. No answer, a refusal or a late answer is None, and never an error."""
