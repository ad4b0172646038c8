"""The fault storm (P2): webhooks against the real processes while these are killed and cut off.

plan.py       which webhooks and which faults, from a seed alone
project.py    the workflows that the webhooks reach
outside.py    the services that those workflows call
servers.py    PostgreSQL and Valkey as servers that can be killed, frozen and cut off
supervisor.py starts processes, and starts again what ended
houses.py     web and workers on servers of their own, or the embedded default: `hub dev`
pace.py       the time of the traffic, which waits for a house that is down
senders.py    sends webhooks as real senders do, and notes what was answered
faults.py     does to processes and servers what the plan says
books.py      looks at the database from outside, all the time
facts.py      what is there at the end
reconcile.py  compares: what was lost, done twice, sent twice, left behind
report.py     tells it
storm.py      one storm from its plan to its result
"""
