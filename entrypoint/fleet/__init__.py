"""What is observed of an app: its machines and volumes."""
