"""The live page of the fleet: three files, no library, and the rows it shows."""
