"""The raw bytes of a form to an object of texts, strictly: faults are those of `read_json`."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from hub.errors import Rejected
from hub.ingest.body import Body, mended

MOST_FIELDS = 1000


def read_form(raw: bytes) -> Body:
    """Field → text, or the list of its texts where it stands several times.

    Raises `Rejected` 400 for what is not UTF-8 and for too many fields. Faults of single values
    come back in `Body.faults`.
    """
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError:
        raise Rejected(400, "The body is not UTF-8.") from None
    except ValueError:
        raise Rejected(400, f"The form has more than {MOST_FIELDS} fields.") from None
    fields: dict[str, Any] = {}
    for name, text in pairs:
        if name not in fields:
            fields[name] = text
        elif isinstance(fields[name], list):
            fields[name].append(text)
        else:
            fields[name] = [fields[name], text]
    return mended(fields)
