"""`hub demo` (`make run`): real webhooks over real HTTP, and what became of them.

bodies.py    what the callers send
caller.py    sends it, with real credentials
stage.py     the hub it is sent to: leads, numbers, runs
scenes.py    one scene for each thing to see, each with its checks
command.py   start, play, show, keep serving
"""

from hub.cli.demo.command import demo

__all__ = ["demo"]
