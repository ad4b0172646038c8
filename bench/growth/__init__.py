"""`make bench-growth`: the same measurements with little and with much of something.

kinds.py     what grows, and how it is made: with SQL and files, not with webhooks
measuring.py the figures of each size, in turn
"""
