"""ruamel.yaml's round trip, with our own meaning of plain scalars: the second reader of a file.

A file in canonical format comes back byte for byte, so that a program that edits it through
ruamel.yaml changes only what it means to change.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

_WIDTH = 4096
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"


class _PlainText(VersionedResolver):
    """Plain scalars stay the text they are: `+14155550100`, `02134`, `yes`, `1e3`, `null`."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0]:
            return Tag(suffix=_TEXT if value else _NULL)
        return super().resolve(kind, value, implicit)


def round_trip(text: str) -> str | None:
    """What ruamel.yaml writes after it read the text; None where it cannot read it."""
    yaml = YAML()
    yaml.Resolver = _PlainText
    yaml.preserve_quotes = True
    yaml.width = max(_WIDTH, *(len(line) + 1 for line in text.split("\n")))
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    out = StringIO()
    try:
        yaml.dump(yaml.load(text), out)
    except (YAMLError, ValueError, IndexError, AttributeError, AssertionError, TypeError):
        return None
    return out.getvalue()
