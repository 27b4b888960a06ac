"""What is planned, as data: the plan, its steps, and what must hold after each."""
