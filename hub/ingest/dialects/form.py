"""Dialect `form`: the fields of a form, as a page or a simple service posts them.

The payload is an object of texts, a list of texts where a field stands several times; the schema
says which of them are numbers or booleans (`hub.ingest.parts`). The rest is as in dialect `json`.
"""

from __future__ import annotations

from hub.ingest.dialects.contract import FORM_TYPE
from hub.ingest.dialects.plain_json import PlainJson

FORM = PlainJson(name="form", default_auth="public", media_types=(FORM_TYPE,))
