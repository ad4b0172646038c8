"""Workflow files as people write them: formatted, changed by programs, mended; comments stay.

layout.py       what a file consists of: keys, values, and the comments and blank lines before them
reading.py      the text of a file → its layout
printing.py     a layout → the canonical text
formatting.py   `hub fmt`: both together, and the proof that nothing changed its meaning
edit.py         changes of single values, keys and steps
mending.py      `hub check --fix`: the corrections of findings
"""
