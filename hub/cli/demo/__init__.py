"""`hub demo` (`make run`): real webhooks over real HTTP, and what became of them.

bodies.py    what the callers send
caller.py    sends it, with real credentials
stage.py     the hub it is sent to: its runs, and what they did
part.py      what a part is: scenes, each with its checks
sending.py   requests to any endpoint, proved as its callers prove themselves
tour.py      all roads in; holds.py, call.py, slots.py, booking.py: parts by name (parts.py)
pool.py      their rows, and office.py
page/        the same to click through, in a browser
command.py   start, play, show, keep serving
"""

from hub.cli.demo.command import demo

__all__ = ["demo"]
