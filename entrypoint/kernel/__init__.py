"""Words every room shares. Imports nothing of ours, touches nothing."""
