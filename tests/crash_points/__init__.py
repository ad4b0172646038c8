"""Crash points (P1): a process that dies before and after everything that others can see.

sites.py      where they are, read from the source: commits, calls to the outside, the queue
probes.py     what stands there in a process under test: count, die, fail, lose the answer
loading.py    imports `hub` with the probes in place; the product itself knows nothing of them
nursery.py    a process that has imported everything and forks one child for each life
flows.py      a workflow for each kind of step
vendors.py    the services behind the connectors, and a workflow that asks each of them
ledger.py     an action with an effect that is seen if it happens twice
stage.py      servers, receivers, web and worker processes
deeds.py      what callers and operators do
play.py       one play: who dies, who goes on, who judges
kinds.py      each kind of step, and what our own effects are in the end
books.py      the books, read from outside with questions of their own
sweep.py      which deaths are played; `python -m tests.crash_points` plays all of them
"""
