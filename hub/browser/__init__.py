"""The browser worker: takes booking sessions in turn and drives their pages in a real Chromium.

process.py    start, signals, drain; who has a browser
visit.py      one session from its claim to its end
steps.py      steps 1 to 4, as the platform's description says
page.py       what is seen and done on a page, and pictures of it
stream.py     the page shown to the lead, and what the lead does on it
program.py    whether this machine has a Chromium to drive
chromium.py   one Chromium for all, started when it is wanted
way_out.py    the one way to other hosts, which refuses private addresses
desk.py       the rows of sessions
"""
