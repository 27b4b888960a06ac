"""ApprovedPlan → Outcome, through ports. Executes a plan, but decides nothing."""
