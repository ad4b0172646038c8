"""Versions: a run keeps what it started with (E15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.project import bundle
from hub.engine.settings import ProjectSettings
from hub.engine.versions import compile_bundle, digest
from hub.errors import InvalidWorkflow
from tests.unit.engine.small_project import ACTIONS, FILES, changed, load

TAKE = "workflows/take-seat.yaml"


def version(files: dict[str, str], name: str = "book") -> str:
    return load(files).workflows[name].version


def test_a_bundle_holds_the_file_its_schema_and_what_it_calls():
    assert sorted(bundle(load(), "book").files) == [
        "schemas/book.json",
        "workflows/book.yaml",
        "workflows/take-seat.yaml",
    ]


def test_the_version_of_a_workflow_is_the_digest_of_its_bundle():
    assert bundle(load(), "book").hash == version(FILES)
    assert len(version(FILES)) == 64


@pytest.mark.parametrize("path", ["workflows/book.yaml", "schemas/book.json", TAKE])
def test_a_change_of_any_of_its_files_is_another_version(path):
    assert version({**FILES, path: FILES[path] + "\n"}) != version(FILES)


@pytest.mark.parametrize("path", ["workflows/sweep.yaml", "hub.yaml"])
def test_a_change_of_another_file_is_not(path):
    assert version({**FILES, path: FILES[path] + "\n"}) == version(FILES)


def test_a_stored_version_gives_the_same_workflow():
    project = load()
    stored = bundle(project, "book")

    workflow = compile_bundle(stored.files, "book", project.settings, ACTIONS)

    assert workflow.version == stored.hash
    assert workflow.steps == project.workflows["book"].steps
    assert workflow.called == project.workflows["book"].called


def test_a_stored_version_outlives_changes_of_the_files_and_of_the_settings():
    old = bundle(load(), "book")
    new = load(changed(TAKE, "keep_for: 24h", "keep_for: 23h"))

    workflow = compile_bundle(old.files, "book", ProjectSettings(), ACTIONS)

    assert workflow.version == old.hash
    assert new.workflows["book"].version != old.hash


def test_E15_a_stored_version_goes_on_under_stricter_rules_for_endpoints():
    for more in ("headers: [Authorization]", "path: /admin/seats"):
        old = FILES["workflows/book.yaml"].replace("auth: broker", f"auth: broker\n  {more}")
        assert load({**FILES, "workflows/book.yaml": old}).errors
        files = {**bundle(load(), "book").files, "workflows/book.yaml": old}

        assert compile_bundle(files, "book", ProjectSettings(), ACTIONS).name == "book"


def test_E15_a_stored_version_goes_on_under_stricter_rules_for_schemas():
    lax = FILES["schemas/book.json"].replace('"type": "object"', '"type": "object", "minimun": 1')
    files = {**bundle(load(), "book").files, "schemas/book.json": lax}
    assert lax != FILES["schemas/book.json"]

    assert compile_bundle(files, "book", ProjectSettings(), ACTIONS).name == "book"


def test_a_stored_version_that_this_hub_cannot_read_is_an_error_with_its_places():
    files = {"workflows/book.yaml": "hub: 1\ntitle: x\nfuture: y\ninputs: {}\nsteps:\n  - log: x\n"}

    with pytest.raises(InvalidWorkflow, match=r"workflows/book.yaml:3:1: error HUB110"):
        compile_bundle(files, "book", ProjectSettings(), ACTIONS)


def test_a_stored_version_without_its_file_is_an_error():
    with pytest.raises(InvalidWorkflow):
        compile_bundle({}, "book", ProjectSettings(), ACTIONS)


NAMES = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=4)


@given(NAMES, NAMES)
def test_different_files_never_share_a_digest(one, other):
    assert (digest(one) == digest(other)) is (one == other)
    assert digest(dict(reversed(list(one.items())))) == digest(one)
