"""`hub new` and `hub init`: the first files of a workflow and of a project.

What they say stands in `hub.editing.beginning`; `hub.bootstrap.new_files` writes them.

asking.py    the questions, where somebody sits at the terminal
commands.py  the two commands
"""

from hub.cli.new.commands import init, new

__all__ = ["init", "new"]
