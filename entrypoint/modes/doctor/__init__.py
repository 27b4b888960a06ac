"""doctor: whether everything that a deploy needs is there. It writes nothing, and goes on where one answer is missing."""
