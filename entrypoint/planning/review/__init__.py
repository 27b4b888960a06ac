"""What a review proves: its key, record and evidence, and the rules by which a deploy may run."""
