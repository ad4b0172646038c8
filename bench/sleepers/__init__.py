"""`make bench-sleepers`: what a million sleeping runs cost a worker between due times.

house.py     a project of three workflows, its database, its worker
crowd.py     sleeping runs by the thousand: copies of two that the worker itself put to sleep
"""
