"""`hub new` and `hub init`: the first files of a workflow and of a project.

files/       what they say, as they are written; NEW-NAME and the like stand for what is asked
drafts.py    kind and name → path and text of each file; pure
copying.py   the same from a workflow that is there already; pure
writing.py   writes them, all or none, over nothing that is there
asking.py    the questions, where somebody sits at the terminal
commands.py  the two commands
"""

from hub.cli.new.commands import init, new

__all__ = ["init", "new"]
