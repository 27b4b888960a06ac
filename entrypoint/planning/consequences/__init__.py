"""What a reviewer should know before merging, a file a topic: not wrong, but felt."""
