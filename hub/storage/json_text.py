"""JSON text for jsonb parameters: compact, and read back as the same values."""

from __future__ import annotations

import json
import re
from typing import Any

_TEXT_OR_LARGE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d+(?:\.\d+)?e\+\d+')


def json_text(value: Any) -> str:
    """Compact JSON; raises `ValueError` for NaN and infinities.

    `1e+16` is written out with its point: jsonb would give back a whole number of any size.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _TEXT_OR_LARGE.sub(_written_out, written) if "e+" in written else written


def _written_out(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else f"{float(found[0]):.1f}"
