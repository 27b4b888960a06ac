"""A small GitHub: issue comments, pull requests, the GraphQL fields that tell who wrote and edited a comment.

    python -m tests.simulator_github --port 8081 [--state FILE]

It shares no code with the product. tests/simulator_github/running.py starts it in a thread; control.py lists what
`/_sim/` offers to people and tests.
"""
