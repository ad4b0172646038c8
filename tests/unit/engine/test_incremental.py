"""What is read again is what would have been read for the first time (S5)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.compile import compile_file
from hub.engine.notes import Memory
from hub.engine.project import Project, load_project
from tests.unit.engine.small_project import ACTIONS, AUTH_TYPES, DIALECTS, FILES, load

CALLS = "hub: 1\ntitle: Calls\ninputs: {}\nsteps:\n  - id: next\n    call: %s\n"
RETURNS = "hub: 1\ntitle: Ends\ninputs: {}\nsteps:\n  - return: %s\n"
DOOR = "hub: 1\ntitle: Door\nendpoint:\n  auth: broker\n  path: %s\nsteps:\n  - do: %s\n"
NEEDS = (
    "hub: 1\ntitle: Needs\ninputs: {}\nsteps:\n"
    "  - id: next\n    call: a\n  - log: ${{ steps.next.what }}\n"
)
PAGES = (
    "hub: 1\ntitle: Pages\ninputs: {}\nsteps:\n"
    "  - do: web.get\n    with: {url: 'https://example.com', page: templates/page.html}\n"
)
BOOK, TAKE, SCHEMA, HUB = (
    FILES[path]
    for path in (
        "workflows/book.yaml",
        "workflows/take-seat.yaml",
        "schemas/book.json",
        "hub.yaml",
    )
)
FLOWS = (
    None,
    CALLS % "a",
    CALLS % "b",
    CALLS % "c",
    CALLS % "take-seat",
    CALLS % "tke-seat",
    RETURNS % "1",
    RETURNS % "{what: text}",
    RETURNS % "${{ inputs.nothing }}",
    DOOR % ("/one", "seats.list"),
    DOOR % ("/one", "seats.lst"),
    DOOR % ("/{two}", "seats.list"),
    DOOR % ("/{three}", "nothing.there"),
    NEEDS,
    PAGES,
    PAGES + "timezone: [",
    "",
    "\ufeffhub: 1\r\ntitle: x\r\n" + CALLS.partition("Calls\n")[2] % "nobody",
)
VERSIONS: dict[str, tuple[str | None, ...]] = {
    "workflows/a.yaml": FLOWS,
    "workflows/b.yaml": FLOWS,
    "workflows/c.yaml": FLOWS,
    "workflows/BAD.yaml": (None, RETURNS % "1"),
    "templates/page.html": (None, "<p>"),
    "schemas/boook.json": (None, "{}"),
    "schemas/book.json": (
        SCHEMA,
        None,
        "{",
        SCHEMA.replace('"front", "back"', '"front", "back", "side"'),
    ),
    "workflows/take-seat.yaml": (
        TAKE,
        None,
        TAKE + "\n",
        TAKE.replace("24h", "1h"),
        TAKE.replace("guest_id:", "gest_id:"),
        TAKE.replace("until: ${{ steps.taken.until }}", "till: 1"),
    ),
    "workflows/book.yaml": (
        BOOK,
        BOOK.replace("call: take-seat", "call: tke-seat"),
        BOOK.replace("steps.all.seats", "steps.all.seets"),
    ),
    "hub.yaml": (
        HUB,
        HUB + "# a word\n",
        HUB.replace("Europe/Warsaw", "Asia/Tokyo"),
        HUB.replace("  broker:", "  broken:"),
        "hub: 2",
        None,
    ),
}

EDIT = st.sampled_from(sorted(VERSIONS)).flatmap(
    lambda path: st.tuples(st.just(path), st.sampled_from(VERSIONS[path]))
)
EDITS = st.lists(st.lists(EDIT, min_size=1, max_size=4), min_size=1, max_size=6)


def edited(files: dict[str, str], path: str, text: str | None) -> dict[str, str]:
    """The files after one of them was saved, or removed."""
    others = {each: content for each, content in files.items() if each != path}
    return others if text is None else {**others, path: text}


def reload(files: dict[str, str], memory: Memory) -> Project:
    """The project as it is seen by somebody who has seen it before."""
    return load_project(
        files, actions=ACTIONS, auth_types=AUTH_TYPES, dialects=DIALECTS, memory=memory
    )


@settings(max_examples=settings().max_examples // 5)
@given(EDITS)
def test_reading_what_changed_gives_the_project_that_reading_everything_gives(edits):
    memory, files = Memory(), dict(FILES)
    reload(files, memory)

    for saved in edits:
        for path, text in saved:
            files = edited(files, path, text)
        again, anew = reload(files, memory), load(files)
        assert again.findings == anew.findings
        assert again.workflows == anew.workflows
        assert (again.broken, again.settings) == (anew.broken, anew.settings)


@pytest.fixture
def compiled(monkeypatch) -> list[str]:
    """The paths of the files that are compiled during the test."""
    paths: list[str] = []
    real = compile_file

    def counting(path, *args, **options):
        paths.append(path)
        return real(path, *args, **options)

    monkeypatch.setattr("hub.engine.loading.compile_file", counting)
    return paths


def test_a_file_that_nothing_changed_for_is_not_compiled_again(compiled):
    memory = Memory()
    first = reload(FILES, memory)
    compiled.clear()

    second = reload(
        edited(FILES, "workflows/sweep.yaml", FILES["workflows/sweep.yaml"] + "\n"), memory
    )

    assert compiled == ["workflows/sweep.yaml"]
    assert second.workflows["book"] is first.workflows["book"]
    assert second.workflows["sweep"] is not first.workflows["sweep"]


def test_who_calls_a_file_is_checked_again_only_when_it_sees_a_difference(compiled):
    memory = Memory()
    before = reload(FILES, memory)
    compiled.clear()

    inside = reload(edited(FILES, "workflows/take-seat.yaml", TAKE.replace("24h", "1h")), memory)
    assert compiled == ["workflows/take-seat.yaml"]
    assert inside.workflows["book"].version != before.workflows["book"].version
    compiled.clear()

    shown = TAKE.replace("    until: ${{", "    untill: ${{")
    outside = reload(edited(FILES, "workflows/take-seat.yaml", shown), memory)
    assert compiled == ["workflows/take-seat.yaml", "workflows/book.yaml"]
    assert [each.code for each in outside.errors] == ["HUB203"]


def test_a_schema_that_changed_is_read_again_for_those_who_name_it(compiled):
    memory = Memory()
    reload(FILES, memory)
    compiled.clear()

    reload(edited(FILES, "schemas/book.json", SCHEMA + "\n"), memory)

    assert compiled == ["workflows/book.yaml"]


def test_other_settings_are_read_for_all_files_and_a_comment_in_hub_yaml_for_none(compiled):
    memory = Memory()
    reload(FILES, memory)
    compiled.clear()

    reload(edited(FILES, "hub.yaml", HUB + "# a word\n"), memory)
    assert compiled == []
    reload(edited(FILES, "hub.yaml", HUB.replace("Europe/Warsaw", "Asia/Tokyo")), memory)
    assert len(compiled) == 3
