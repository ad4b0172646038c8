"""Fences: every line that keeps a guarantee, taken out one at a time; a proof must fail each time.

table.py      what is taken out of which file, and which tests must notice
plan.py       how one is taken out
__main__.py   `make fences` does it to all of them, on a copy of the tree
"""
