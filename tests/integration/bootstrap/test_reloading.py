"""A file that is saved is in force; one with errors leaves its last good version (S5, E15)."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from sqlalchemy import text

from hub.bootstrap import Hub, open_hub
from hub.bootstrap.following import Following
from hub.bootstrap.lookout import Lookout
from hub.errors import Misconfigured, Rejected
from tests.integration.bootstrap.conftest import GREETS, HUB_YAML, Folder
from tests.integration.bootstrap.test_versions import accept, work

LATER = GREETS.replace("Good morning", "Good evening")
BROKEN = GREETS.replace("inputs.name", "inputs.nmae")
UNREADABLE = "hub: 1\ntitle: [\n"
DOOR = """
hub: 1
title: Opens
endpoint:
  auth: public
steps:
  - return: open
"""
GUARDED = DOOR.replace("public", "broker")
PRESET = "\nauth:\n  broker: {type: bearer, secret: API_TOKEN}\n"
TICKS = "hub: 1\ntitle: Ticks\nschedule:\n  every: 1h\nsteps:\n  - log: tick\n"

Save = Callable[..., None]


class Reader:
    """Somebody who follows the files of one hub, look by look."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.following = Following(hub)
        self.look(2)  # what was there at the start

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.following.take(self.following.look())

    def version(self, name: str = "greets") -> str:
        return self.hub.project.workflows[name].version

    def status(self, path: str) -> int:
        """What a caller is told of a path: 200 stands for an open door."""
        try:
            self.hub.reception.find("POST", path)
        except Rejected as refused:
            return refused.status
        return 200


@pytest.fixture
def reader(opening) -> Reader:
    return Reader(opening())


def stored(hub: Hub, version: str) -> bool:
    with hub.database.connect() as connection:
        question = text("SELECT count(*) FROM workflow_versions WHERE hash = :version")
        return bool(connection.execute(question, {"version": version}).scalar_one())


def test_a_saved_file_is_in_force_at_the_second_look_and_its_version_is_stored(folder, reader):
    before = accept(reader.hub)
    old = reader.version()
    folder.write("workflows/greets.yaml", LATER)

    reader.look()
    assert reader.version() == old
    reader.look()

    assert reader.version() != old
    assert stored(reader.hub, reader.version())
    after = accept(reader.hub)
    assert work(reader.hub, before) == ("succeeded", "Good morning, Ada")
    assert work(reader.hub, after) == ("succeeded", "Good evening, Ada")


def test_a_file_that_is_still_written_is_taken_up_when_it_is_quiet(folder, reader):
    old = reader.version()
    for part in (LATER[:40], LATER[:80]):
        folder.write("workflows/greets.yaml", part)
        reader.look()
    assert (reader.version(), reader.hub.broken) == (old, ())

    folder.write("workflows/greets.yaml", LATER)
    reader.look(2)

    assert reader.version() != old


def test_a_file_that_is_saved_by_renaming_with_the_old_time_and_size_is_seen(folder, reader):
    old, place = reader.version(), folder.path / "workflows/greets.yaml"
    times = place.stat()
    draft = place.with_suffix(".draft")
    draft.write_text(GREETS.replace("Good morning", "Good evenink"))
    os.utime(draft, ns=(times.st_atime_ns, times.st_mtime_ns))
    draft.replace(place)

    reader.look(2)

    assert reader.version() != old


@pytest.mark.parametrize("text", [BROKEN, UNREADABLE, ""])
def test_S5_a_file_with_errors_leaves_its_last_good_version_in_force_and_says_so_once(
    folder, reader, caplog, text
):
    old = reader.version()
    folder.write("workflows/greets.yaml", text)
    reader.look(6)

    assert reader.version() == old
    assert reader.hub.broken == reader.hub.current.kept == ("greets",)
    said = [each.message for each in caplog.records if "stays in force" in each.message]
    assert said == [
        f"workflows/greets.yaml has errors: version {old[:12]} stays in force until they are mended"
    ]
    assert any(": error HUB" in each.message for each in caplog.records)

    folder.write("workflows/greets.yaml", LATER)
    reader.look(2)
    assert reader.version() != old
    assert (reader.hub.broken, reader.hub.current.kept) == ((), ())


def test_a_file_that_is_mended_by_going_back_is_said_to_be_mended(folder, reader, caplog):
    folder.write("workflows/greets.yaml", BROKEN)
    reader.look(2)
    caplog.set_level("INFO")
    folder.write("workflows/greets.yaml", GREETS)
    reader.look(2)

    assert reader.hub.broken == ()
    assert "mended: greets" in caplog.text


def test_a_process_that_starts_later_agrees_with_those_that_run(folder, opening, reader):
    versions = [reader.version()]
    for saved in (LATER, GREETS, BROKEN):  # back to the first version, which is the last good one
        folder.write("workflows/greets.yaml", saved)
        reader.look(2)
        versions.append(reader.version())
    assert versions[0] == versions[2] == versions[3] != versions[1]

    late = opening()

    assert late.project.workflows["greets"].version == reader.version()
    assert (late.broken, late.current.kept) == (("greets",), ("greets",))


def test_S5_a_broken_file_without_an_earlier_version_closes_its_endpoint_with_503(
    folder, opening, caplog
):
    folder.write("workflows/other.yaml", UNREADABLE)
    folder.write("workflows/placed.yaml", DOOR.replace("public", "pblic\n  path: /here/{id}"))
    reader = Reader(opening())

    paths = ["/webhook/other", "/here/7", "/webhook/placed", "/webhook/nobody"]
    assert [reader.status(each) for each in paths] == [503, 503, 404, 404]
    assert "there is no earlier version: its endpoint answers 503" in caplog.text

    folder.write("workflows/other.yaml", DOOR)
    reader.look(2)
    assert reader.status("/webhook/other") == 200


def test_a_new_file_gets_its_endpoint_and_its_schedule_and_a_removed_one_ends_them(folder, reader):
    assert (reader.status("/webhook/door"), reader.hub.scheduled) == (404, {})
    folder.write("workflows/door.yaml", DOOR)
    folder.write("workflows/ticks.yaml", TICKS)
    reader.look(2)
    assert (reader.status("/webhook/door"), list(reader.hub.scheduled)) == (200, ["ticks"])

    (folder.path / "workflows/door.yaml").unlink()
    (folder.path / "workflows/ticks.yaml").unlink()
    reader.look(2)
    assert (reader.status("/webhook/door"), reader.hub.scheduled) == (404, {})


def test_what_stands_ready_for_an_endpoint_is_kept_when_another_file_changes(folder, reader):
    folder.write("workflows/door.yaml", DOOR)
    reader.look(2)
    before = reader.hub.reception.find("POST", "/webhook/door").entrance
    folder.write("workflows/greets.yaml", LATER)
    reader.look(2)

    assert reader.hub.reception.find("POST", "/webhook/door").entrance is before


def test_who_has_what_is_in_force_keeps_it_when_it_is_replaced(folder, reader):
    held = reader.hub.current
    folder.write("workflows/greets.yaml", LATER)
    reader.look(2)

    assert reader.hub.current is not held
    assert held.project.workflows["greets"].version != reader.version()


def test_a_command_with_other_files_changes_no_last_good_version(folder):
    folder.write("workflows/greets.yaml", LATER)
    command = open_hub(folder.settings(), role="command")
    try:
        version = command.project.workflows["greets"].version
        assert not stored(command, version)
        command.keep(command.project.workflows["greets"])  # for the run that it starts
        assert stored(command, version)
    finally:
        command.close()


# -------------------------------------------------------------------------------------- hub.yaml


def test_a_change_of_hub_yaml_is_in_force(folder, reader, caplog):
    caplog.set_level("INFO")
    config = "\nconfig:\n  most: {type: integer, env: APP_MOST, default: 5}\n"
    extra = "test_destinations: {email: [a@example.com]}\nmode: test\n"
    folder.write(
        "hub.yaml", HUB_YAML.replace("API_TOKEN", "API_TOKEN, OTHER") + PRESET + config + extra
    )
    folder.write("workflows/door.yaml", GUARDED)
    services = reader.hub.services
    reader.look(2)

    assert reader.hub.config == {"most": 5}
    assert reader.status("/webhook/door") == 200
    assert "hub.yaml was changed and is in force" in caplog.text
    assert "config.most has the value that APP_MOST had when this process started" in caplog.text
    assert "the secret OTHER has no value" in caplog.text
    assert reader.hub.start(reader.hub.project.workflows["greets"], {"inputs": {}}).mode() == "test"
    assert reader.hub.services is not services


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HUB_YAML + "what: is this\n", "it has errors"),
        ("hub: [", "it has errors"),
        (None, "it is gone"),
        (HUB_YAML + "config:\n  most: {type: integer, env: APP_MOST}\n", "Set APP_MOST"),
    ],
)
def test_S5_a_hub_yaml_that_cannot_be_in_force_leaves_the_last_good_one(
    folder: Folder, opening, caplog, text, reason
):
    folder.write("hub.yaml", HUB_YAML + PRESET)
    folder.write("workflows/door.yaml", GUARDED)
    many = {"APP_MOST": "many"}
    reader = Reader(opening(many))
    if text is None:
        (folder.path / "hub.yaml").unlink()
    else:
        folder.write("hub.yaml", text)
    reader.look(4)

    assert reader.status("/webhook/door") == 200
    assert reason in (reader.hub.current.refused or "")
    assert len([each for each in caplog.records if "the last good one" in each.message]) == 1
    folder.write("workflows/greets.yaml", LATER)
    reader.look(2)
    assert stored(reader.hub, reader.version())

    if text is not None:  # without any hub.yaml it is no project
        late = Reader(opening(many))
        assert late.status("/webhook/door") == 200
        assert late.version() == reader.version()
    folder.write("hub.yaml", HUB_YAML + PRESET + "mode: test\n")
    reader.look(2)
    assert reader.hub.current.refused is None


def test_an_endpoint_whose_preset_is_gone_is_closed_and_not_open_to_everybody(folder, opening):
    folder.write("hub.yaml", HUB_YAML + PRESET)
    folder.write("workflows/door.yaml", GUARDED)
    reader = Reader(opening())
    folder.write("hub.yaml", HUB_YAML)
    reader.look(2)

    assert reader.status("/webhook/door") == 503


def test_S6_secrets_that_are_not_named_any_more_stay_hidden(folder, opening):
    reader = Reader(opening({"API_TOKEN": "very-secret-token"}))
    folder.write("hub.yaml", HUB_YAML.replace("[API_TOKEN]", "[]"))
    reader.look(2)

    assert reader.hub.hide("with very-secret-token in it") == "with [API_TOKEN] in it"


# --------------------------------------------------------------------------------- what goes wrong


def test_while_the_database_cannot_store_a_version_nothing_changes_and_later_it_does(
    folder, reader, caplog
):
    old = reader.version()
    with reader.hub.database.begin() as connection:
        connection.execute(text("ALTER TABLE workflow_versions RENAME TO away"))
    try:
        folder.write("workflows/greets.yaml", LATER)
        reader.look(5)
        assert reader.version() == old
        said = [each for each in caplog.records if "cannot be stored" in each.message]
        assert len(said) == 1
    finally:
        with reader.hub.database.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO workflow_versions"))

    reader.look()
    assert reader.version() != old
    assert stored(reader.hub, reader.version())


def test_files_that_cannot_be_read_are_told_once_and_what_is_in_force_stays(
    folder, reader, caplog, monkeypatch
):
    old = reader.version()

    def refuse() -> None:
        raise PermissionError("no")

    monkeypatch.setattr(reader.hub, "look", refuse)
    reader.look(3)
    assert len([each for each in caplog.records if "cannot be read" in each.message]) == 1
    assert reader.version() == old
    monkeypatch.undo()

    folder.write("workflows/greets.yaml", LATER)
    reader.look(2)
    assert reader.version() != old


def test_a_wrong_config_value_still_stops_the_first_start(folder, opening):
    folder.write("hub.yaml", HUB_YAML + "config:\n  most: {type: integer, env: APP_MOST}\n")

    with pytest.raises(Misconfigured, match="Set APP_MOST"):
        opening({"APP_MOST": "many"})


def test_a_forked_process_takes_what_its_parent_read_unless_it_changed(folder: Folder):
    lookout = Lookout(folder.path, {})
    first = lookout.first()
    assert lookout.first() is first

    folder.write("workflows/greets.yaml", LATER)
    later = lookout.first()
    assert later.loaded.files["workflows/greets.yaml"] == LATER
    versions = [each.loaded.project.workflows["greets"].version for each in (first, later)]
    assert versions[0] != versions[1]

    (folder.path / "hub.yaml").unlink()
    with pytest.raises(Misconfigured, match=r"holds no hub\.yaml"):
        lookout.first()
