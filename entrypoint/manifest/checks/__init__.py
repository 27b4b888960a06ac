"""What is wrong with a file: what flyctl refuses, and our rules."""
