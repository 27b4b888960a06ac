"""What is wrong with a file, for a comment, a terminal and programs."""
