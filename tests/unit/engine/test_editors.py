"""The schemas for editors: true of every file that the checker takes, and never stricter."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hub.bootstrap import read_project
from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.editors import DOCUMENTS, Names, Subject, document
from hub.engine.language.project import HUB
from hub.engine.language.steps import STEPS
from hub.engine.language.workflow import ENDPOINT, WORKFLOW
from hub.engine.project import Project, load_project
from hub.ingest.signatures import AUTH_TYPES
from tests import editor_files, language_page

ROOT = Path(__file__).parents[3]
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
EXAMPLES = {each.path: editor_files.tree(each.path, each.text) for each in language_page.examples()}


@cache
def ours() -> Project:
    return read_project(ROOT).project


@cache
def shipped() -> dict[Subject, Draft7Validator]:
    return editor_files.validators(ours())


@cache
def on_the_page() -> dict[Subject, Draft7Validator]:
    return editor_files.validators(language_page.project())


def files() -> list[tuple[Subject, Path]]:
    flows, tests = ROOT.glob("workflows/*.yaml"), ROOT.glob("workflows/tests/*.yaml")
    return [
        *(("workflow", path) for path in sorted(flows)),
        *(("tests", path) for path in sorted(tests)),
        ("project", ROOT / "hub.yaml"),
    ]


@pytest.mark.parametrize("subject", DOCUMENTS)
def test_the_schemas_in_the_repository_are_up_to_date(subject: Subject):
    made = document(subject, editor_files.names(ours()))

    written = json.loads((ROOT / DOCUMENTS[subject].path).read_text("utf-8"))

    assert made == written, "make them anew: hub schema --write"


@pytest.mark.parametrize("subject", DOCUMENTS)
def test_a_schema_is_a_valid_schema_with_and_without_a_project(subject: Subject):
    Draft7Validator.check_schema(document(subject, editor_files.names(ours())))
    Draft7Validator.check_schema(document(subject, Names()))


@pytest.mark.parametrize(("subject", "path"), files(), ids=lambda each: getattr(each, "stem", each))
def test_a_file_of_the_repository_names_its_schema_and_fits_it(subject: Subject, path: Path):
    text = path.read_text("utf-8")
    named = MODELINE.match(text)

    assert named is not None
    assert (path.parent / named[1]).resolve() == ROOT / DOCUMENTS[subject].path
    assert editor_files.complaints(shipped()[subject], editor_files.tree(path.name, text)) == []


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_of_the_reference_fits_the_schema(path: str):
    assert editor_files.complaints(on_the_page()["workflow"], EXAMPLES[path]) == []


def test_every_key_is_explained():
    schema = document("workflow", editor_files.names(ours()))
    defined = schema["definitions"]

    for key in WORKFLOW.keys:
        assert schema["properties"][key.name]["description"].startswith(key.meaning)
    for kind, place in STEPS.items():
        told = {
            name: each["description"]
            for name, each in defined[f"step-{kind}"]["properties"].items()
        }
        assert [key.name for key in place.keys if not told[key.name].startswith(key.meaning)] == []


def test_the_inputs_of_every_action_are_offered():
    defined = document("workflow", editor_files.names(ours()))["definitions"]

    for action in all_actions().values():
        offered = defined[f"with-{action.name}"]["properties"]
        assert set(offered) == set(action.input_schema.get("properties", {}))


def test_names_of_the_project_are_offered_and_newer_ones_are_taken():
    auth = document("workflow", editor_files.names(ours()))["definitions"]["endpoint"][
        "properties"
    ]["auth"]

    assert set(ours().settings.auth) < set(auth["anyOf"][0]["enum"])
    assert Draft7Validator(auth).is_valid("a-preset-of-tomorrow")


HEAD = "hub: 1\ntitle: x\n"
CALLED = f"{HEAD}inputs: {{}}\n"
REFUSED = [
    f"{HEAD}steps: [{{log: x}}]\n",  # no trigger
    f"{CALLED}schedule: {{every: 1h}}\nsteps: [{{log: x}}]\n",  # two
    f"{CALLED}steps: []\n",
    f"{CALLED}steps: [{{log: x, reply: y}}]\n",
    f"{CALLED}steps: [{{id: x}}]\n",
    f"{CALLED}steps: [{{log: x, level: loud}}]\n",
    f"{CALLED}steps: [{{id: a, do: slack.pots, with: {{}}}}]\n",
    f"{CALLED}steps: [{{id: a, do: slack.post, with: {{chanel: x, text: y}}}}]\n",
    f"{CALLED}steps: [{{id: a, do: slack.post}}]\n",
    f"{CALLED}steps: [{{log: x, if: '${{{{ true }}}}'}}]\n",
    f"{CALLED}timeout: 5 minutes\nsteps: [{{log: x}}]\n",
    f"{HEAD}endpoint: {{payload: schemas/x.json}}\nsteps: [{{log: x}}]\n",
    f"{CALLED}steps: [{{id: a, steps: [{{log: x}}], compensate: [{{return: 1}}]}}]\n",
]


@pytest.mark.parametrize("text", REFUSED)
def test_an_editor_underlines_what_the_checker_refuses(text: str):
    data = editor_files.tree("x.yaml", text)

    assert editor_files.complaints(shipped()["workflow"], data) != []
    assert is_refused("workflows/planted.yaml", data)


# ------------------------------------------------------------------ never stricter than the check


@cache
def surroundings() -> dict[str, str]:
    """What the examples call and name; all else is left out, which makes a check fast."""
    kept = ("hub.yaml", "schemas/", "workflows/example-hold.yaml")
    return {path: text for path, text in language_page.files().items() if path.startswith(kept)}


def is_refused(path: str, data: Any) -> bool:
    """Whether the checker has an error for this file."""
    text = json.dumps(data, ensure_ascii=False, indent=1)  # JSON is YAML, of our profile too
    project = load_project(
        {**surroundings(), path: text},
        actions=all_actions(),
        auth_types=AUTH_TYPES,
        dialects=DIALECT_FACTS,
    )
    return any(each.file == path and each.is_error for each in project.findings)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, Any]:
    path = draw(st.sampled_from(sorted(EXAMPLES)))
    data = EXAMPLES[path]
    place = draw(st.sampled_from(list(editor_files.places(data))))
    damage = draw(st.sampled_from(["gone", "misspelt", "misshapen"]))
    if damage == "gone":
        return path, editor_files.without(data, place)
    if damage == "misspelt":
        return path, editor_files.misspelt(data, place)
    shape = draw(st.sampled_from(editor_files.WRONG_SHAPES))
    return path, editor_files.misshapen(data, place, shape)


@given(damaged())
@settings(max_examples=200, deadline=None)
def test_what_a_schema_refuses_the_checker_refuses_too(case: tuple[str, Any]):
    path, data = case
    told = editor_files.complaints(on_the_page()["workflow"], data)

    assert not told or is_refused(path, data), "\n".join(told)


def every_default() -> list[tuple[str, str, Any]]:
    places = [*STEPS.values(), WORKFLOW, ENDPOINT, HUB]
    return [
        (place.title, key.name, value)
        for place in places
        for key in place.keys
        for value in (key.default, *key.examples)
        if value is not None
    ]


@pytest.mark.parametrize(("place", "name", "value"), every_default())
def test_a_default_or_an_example_of_the_table_fits_its_key(place: str, name: str, value: Any):
    for subject in DOCUMENTS:
        whole = document(subject, Names())
        for schema in (whole, *whole["definitions"].values()):
            known = schema.get("properties", {}).get(name)
            if known is None or value not in (known.get("default"), *known.get("examples", ())):
                continue
            Draft7Validator({**known, "definitions": whole["definitions"]}).validate(value)
            return
    pytest.fail(f"no schema has the key {name} of {place}")
