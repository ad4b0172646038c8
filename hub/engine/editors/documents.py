"""The three documents: for the files of workflows, for their tests, for hub.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.engine.editors.kinds import Kinds, Schema
from hub.engine.editors.names import Names
from hub.engine.editors.steps import define_steps, with_inputs
from hub.engine.language.project import HUB
from hub.engine.language.shapes import Place
from hub.engine.language.steps import POLL
from hub.engine.language.trials import TESTS
from hub.engine.language.workflow import WORKFLOW

Subject = Literal["workflow", "tests", "project"]

_DRAFT = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True)
class Document:
    """One schema: the files it is for, and where it lies in a project."""

    subject: Subject
    title: str
    path: str
    place: Place


DOCUMENTS: dict[Subject, Document] = {
    each.subject: each
    for each in (
        Document("workflow", "A workflow of the hub", "workflows/workflow.schema.json", WORKFLOW),
        Document(
            "tests",
            "Tests of a workflow of the hub",
            "workflows/tests/workflow-tests.schema.json",
            TESTS,
        ),
        Document("project", "hub.yaml, the settings", "workflows/hub.schema.json", HUB),
    )
}


def document(subject: Subject, names: Names) -> Schema:
    """The JSON Schema (draft 7) of one kind of file, with the names of a project."""
    chosen, kinds = DOCUMENTS[subject], Kinds(names)
    schema = kinds.place(chosen.place)
    if subject == "workflow":
        define_steps(kinds)
        kinds.definitions[POLL.title] = with_inputs(kinds.definitions[POLL.title])
    return {
        "$schema": _DRAFT,
        "title": chosen.title,
        **schema,
        "definitions": dict(sorted(kinds.definitions.items())),
    }
