"""What is done to one machine, a file for each kind of step."""
