"""JSON text for jsonb parameters: compact, and never with a value PostgreSQL would refuse."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any) -> str:
    """Compact JSON; raises `ValueError` for NaN and infinities."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
