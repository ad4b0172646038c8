"""The strict part of YAML that workflow files are written in (language, chapter 2)."""

from hub.engine.yaml_profile.build import MAX_DEPTH
from hub.engine.yaml_profile.document import Document
from hub.engine.yaml_profile.load import MAX_BYTES, load
from hub.engine.yaml_profile.nodes import (
    Entry,
    Mapping,
    Node,
    PlainValue,
    Scalar,
    Sequence,
    Whole,
    is_broken,
    plain,
)
from hub.engine.yaml_profile.quoting import as_scalar, quoted

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Document",
    "Entry",
    "Mapping",
    "Node",
    "PlainValue",
    "Scalar",
    "Sequence",
    "Whole",
    "as_scalar",
    "is_broken",
    "load",
    "plain",
    "quoted",
]
