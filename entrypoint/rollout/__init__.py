"""ApprovedPlan → Outcome, through ports. Executes; never decides."""
