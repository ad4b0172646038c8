"""What the dialects of tools share: arguments of a language model, their key, refusals in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.errors import Rejected
from hub.ingest.body import Body, read_json, without_faults
from hub.ingest.dialects.contract import SMALL_BODY

UNREADABLE = "The arguments could not be read. Please ask again and repeat the tool call."
UNKNOWN = "Unknown tool."
_LARGE = 65_536  # characters


def taken(holder: Mapping[str, Any], name: str) -> Any:
    """The arguments; a text of them that is large goes out of the message once it is read (I14)."""
    value = holder[name]
    is_large = isinstance(value, str) and len(value) > _LARGE
    if is_large and isinstance(holder, dict):
        holder[name] = ""
    return value


def as_object(value: Any) -> dict[str, Any] | None:
    """Arguments as an object, also when they come as JSON text; nothing when they are not one."""
    if isinstance(value, str) and value and not value.isspace():
        raw = value.encode()
        del value
        try:
            value = without_faults(read_json(raw, max_body=SMALL_BODY))
        except Rejected:
            return None
    elif value is None or isinstance(value, str):
        return {}
    return value if isinstance(value, dict) else None


def is_faulty(body: Body, pointer: str) -> bool:
    """Whether something at this JSON pointer, or inside it, had to be mended."""
    return any(f"{fault.pointer}/".startswith(f"{pointer}/") for fault in body.faults)


def key_of_arguments(call_id: str, name: str | None, payload: Mapping[str, Any]) -> str:
    """What tells calls apart that have no id: phone call, tool and arguments in one form."""
    canonical = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{call_id}/{name}/{canonical}"
