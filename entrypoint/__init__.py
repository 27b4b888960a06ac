"""Flightplan: plan what a merge does to every Fly Machine, then do exactly that.

The rooms, in the order data moves (docs/architecture.md has the long form):
kernel · manifest · fleet · planning · rollout · report · modes · adapters · app.
"""

__version__ = "0.1.0"
