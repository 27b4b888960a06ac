"""doctor: check that everything is there that a deploy needs. It writes nothing, and goes on where one answer is missing."""
