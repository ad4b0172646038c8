"""The reference page of the language: every example is checked, every test of it is right."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft7Validator

from hub.engine.editors import document, names_of
from hub.engine.finding_codes import CODES
from hub.engine.language import trials
from hub.engine.language.steps import STEPS
from hub.engine.yaml_profile import load, plain
from hub.ingest.dialects import DIALECTS
from hub.ingest.signatures import AUTH_TYPES
from tests import language_page, reference

EXAMPLES = list(language_page.examples())
TESTS = list(language_page.tests())
PAGE = language_page.PAGE.read_text("utf-8")


def name(example: language_page.Example) -> str:
    return f"line {example.line}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_an_example_of_the_page_has_no_mistakes(example: language_page.Example):
    assert [str(each) for each in language_page.findings(example)] == []


def test_the_schemas_of_the_page_are_in_the_project_of_its_examples():
    schemas = [path for path in language_page.files() if path.startswith("schemas/")]

    assert len(schemas) == 3
    assert all(json.loads(language_page.files()[path]) for path in schemas)


@pytest.mark.parametrize("example", TESTS, ids=name)
def test_the_tests_of_the_page_have_the_form_of_tests(example: language_page.Example):
    names = names_of(language_page.project(), dialects=DIALECTS, auth_types=AUTH_TYPES)
    root = load(example.path, example.text).root
    assert root is not None
    tests = plain(root)

    problems = list(Draft7Validator(document("tests", names)).iter_errors(tests))

    assert [each.message for each in problems] == []
    assert f"workflows/{tests['workflow']}.yaml" in language_page.files()


def test_every_kind_of_step_has_its_section_and_an_example():
    shown = "\n".join(example.text for example in EXAMPLES)

    assert [
        kind for kind in STEPS if f"<!-- made: step-{kind.replace('_', '-')} -->" not in PAGE
    ] == []
    assert [
        kind for kind in STEPS if not re.search(rf"^\s*(- )?{kind}:", shown, re.MULTILINE)
    ] == []


def test_every_place_of_the_language_stands_on_the_page():
    made = set(re.findall(r"<!-- made: ([a-z-]+) -->", PAGE))

    assert set(reference.PARTS) - made == set()


def test_every_finding_stands_on_the_page():
    assert [code for code in CODES if f"| HUB{code} |" not in PAGE] == []


def test_every_state_of_a_run_stands_on_the_page():
    states = trials.EXPECT["status"].kind

    assert [word for word in getattr(states, "words", ()) if f"`{word}`" not in PAGE] == []
