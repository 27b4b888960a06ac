"""Questions that a plan asks beside what it must know. No answer, a refusal or a late answer is None, and never an error."""
