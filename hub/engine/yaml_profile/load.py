"""Bytes → tree of nodes, or every reason why not."""

from __future__ import annotations

import re

from hub.engine.findings import Finding, Source
from hub.engine.yaml_profile.build import Builder
from hub.engine.yaml_profile.direct import read_directly
from hub.engine.yaml_profile.document import Document, document_of

MAX_BYTES = 65_536
_FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def load(file: str, content: bytes | str) -> Document:
    """Read one file. Never raises: whatever is wrong is a finding (HUB101 to HUB108, S5)."""
    if len(content) > MAX_BYTES or len(_encoded(content)) > MAX_BYTES:
        source = Source(file, "")
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        return Document(source, None, (source.finding(102, message, start=0),))
    source, problem = _decoded(file, content)
    if problem is not None:
        return Document(source, None, (problem,))
    return _read(source)


def _encoded(content: bytes | str) -> bytes:
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content


def _decoded(file: str, content: bytes | str) -> tuple[Source, Finding | None]:
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    source = Source(file, text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if isinstance(content, bytes):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            at = source.text.find("\ufffd")
            return source, source.finding(102, "the file is not UTF-8 here", start=at)
    strange = _FORBIDDEN.search(source.text)
    if strange is None:
        return source, None
    message = f"the character U+{ord(strange.group()):04X} cannot stand in a file"
    return source, source.finding(102, message, start=strange.start(), suggestion="delete it")


def _read(source: Source) -> Document:
    builder = Builder(source, source.text, [])
    if read_directly(source.text, builder):
        return document_of(source, builder, [])
    from hub.engine.yaml_profile.by_library import read_by_the_library  # noqa: PLC0415 - rare

    return read_by_the_library(source)
