"""A month in the life of a small team, made up from a seed, and an opinion of one's own about every deploy in it.

The oracle and the team share no code with the product; jobs.py runs the product's modes.
"""
