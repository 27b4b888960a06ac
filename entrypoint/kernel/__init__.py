"""Types and small functions that every room uses. Imports no other room; reads and writes nothing."""
