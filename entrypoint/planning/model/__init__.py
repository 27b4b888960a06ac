"""The plan as data: its steps, and what must hold after each."""
