"""The language as tables: every place of every file, its keys, what may stand there, in words.

shapes.py     the kinds of values, `Key` and `Place`
parts.py      what several places have: retry, the type of a value, names
workflow.py   a workflow's file, down to its steps
steps.py      the kinds of steps
project.py    hub.yaml
trials.py     workflows/tests/*.yaml

The compiler reads a file by these tables, `hub schema` writes them for editors, and the reference
page (docs/language.md) is made from them: what one of them knows, all know.
"""

from hub.engine.language.shapes import Key, Place

__all__ = ["Key", "Place"]
