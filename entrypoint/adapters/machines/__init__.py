"""The Fly Machines API over httpx."""
