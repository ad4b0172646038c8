"""Workflow files as people write them: formatted, changed by programs, mended; comments stay.

layout.py       what a file consists of: keys, values, and the comments and blank lines before them
reading.py      the text of a file → its layout
order.py        the canonical order of keys, the blank lines between steps
printing.py     a layout → the canonical text
round_trip.py   ruamel.yaml as the second reader, which must give the text back byte for byte
formatting.py   `hub fmt`: all of these, and the proof that nothing changed its meaning
edit.py         changes of single values, keys and steps (changes.py, places.py, renaming.py)
beginning/      the first files of a workflow, or a copy of one that is there
mending.py      `hub check --fix`: the corrections of findings
"""

from hub.editing.edit import (
    AddKey,
    Change,
    InsertItem,
    MoveItem,
    Refused,
    Remove,
    RenameKey,
    RenameStep,
    SetValue,
    edited,
)
from hub.editing.formatting import Formatted, canonical
from hub.editing.mending import Mended, Mending, mend
from hub.editing.places import NoSuchPlace, Place, parse_place

__all__ = [
    "AddKey",
    "Change",
    "Formatted",
    "InsertItem",
    "Mended",
    "Mending",
    "MoveItem",
    "NoSuchPlace",
    "Place",
    "Refused",
    "Remove",
    "RenameKey",
    "RenameStep",
    "SetValue",
    "canonical",
    "edited",
    "mend",
    "parse_place",
]
