"""`make fuzz`: real samples damaged at random, and texts of a grammar, for MINUTES each (P5).

target.py    a target: where its cases come from, what must be true of each
damage.py    accidents that happen to bytes
limits.py    one case: at most a second of the processor, at most 256 MiB
shrinking.py the smallest case that still fails
corpus.py    found cases, which the suite replays
door.py      what callers send: bodies, forms, signatures
values.py    dates, durations, phone numbers, cron
language.py  YAML, whole projects, expressions
answers.py   what others answer, and invitations
"""
