"""What a reviewer should know before merging: effects that are intended or not, but not errors. One file for each topic."""
