"""JSON Schemas from the tables of the language, so that editors complete, explain and refuse.

names.py       the names that a project brings: actions, workflows, presets, events
kinds.py       what stands behind a key, as JSON Schema
steps.py       the kinds of steps, with the inputs of each action
documents.py   the three documents: workflows, their tests, hub.yaml

Draft 7: it is what YAML language servers and the schema store know best; nothing that the newer
drafts add is needed. A schema never refuses what the checker takes, and is looser where only the
checker can know. Names of a project that may be newer than the file are offered, not demanded.
"""

from hub.engine.editors.documents import DOCUMENTS, Subject, document
from hub.engine.editors.names import Names, names_of

__all__ = ["DOCUMENTS", "Names", "Subject", "document", "names_of"]
