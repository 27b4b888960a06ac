"""What a reviewer should know before merging, one file for each topic: correct, but with an effect on users."""
