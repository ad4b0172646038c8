"""A hub opens when everything is right, and else says what to set (I2, C-06)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from hub.bootstrap import open_hub, read_project
from hub.engine.expressions import ObjectOf
from hub.engine.workflow import Do
from hub.errors import Misconfigured
from hub.storage import db, migrate
from hub.web.app import create_app
from tests.integration.bootstrap.conftest import HUB_YAML, Folder
from tests.processes.house import until

CONFIG = """
config:
  most: {type: integer, env: APP_MOST, minimum: 1, default: 5}
  ratio: {type: number, env: APP_RATIO, default: 0.5}
  is_on: {type: boolean, env: APP_ON, default: false}
  where: {type: string, enum: [here, there], env: APP_WHERE, default: here}
  names: {type: array, items: {type: string}, env: APP_NAMES, default: []}
  ports: {type: array, items: {type: integer}, env: APP_PORTS, default: []}
  live_calls: {type: boolean, env: LIVE_CALL_ENABLED, default: true}
  no_default: {type: string, env: APP_NO_DEFAULT}
"""


def refusal(folder: Folder, **environment: str) -> str:
    """What is said at the start with this environment."""
    with pytest.raises(Misconfigured) as refused:
        open_hub(folder.settings(**environment), role="web")
    return str(refused.value)


def test_an_open_hub_knows_its_workflows_and_stores_what_they_run_with(opening):
    hub = opening()

    greets = hub.project.workflows["greets"]
    assert hub.program(greets.version) is greets
    with hub.database.connect() as connection:
        rows = connection.execute(
            text("SELECT hash, workflow, files FROM workflow_versions ORDER BY workflow")
        )
        flow, project_file = rows
    assert (flow.hash, flow.workflow) == (greets.version, "greets")
    assert list(flow.files) == ["workflows/greets.yaml"]
    assert (project_file.workflow, list(project_file.files)) == ("hub.yaml", ["hub.yaml"])


def test_a_schedule_that_is_switched_off_rests(folder: Folder, opening):
    tidies = "hub: 1\ntitle: Tidies\nschedule: {every: 15m}\nsteps:\n  - log: tidy\n"
    folder.write("workflows/tidies.yaml", tidies)
    folder.write("workflows/rests.yaml", tidies.replace("title:", "enabled: false\ntitle:"))

    assert list(opening().scheduled) == ["tidies"]


def test_each_process_has_a_connection_for_each_of_its_threads(folder: Folder):
    worker = open_hub(folder.settings(HUB_WORKER_RUNS="4"), role="worker")
    web = open_hub(folder.settings(HUB_WEB_CONNECTIONS="7"), role="web")
    try:
        at_once = [worker.database.connect() for _ in range(4 + 8 + 3)]
        for connection in at_once:
            connection.close()
        assert web.database.pool.size() == 7  # type: ignore[attr-defined]  # a QueuePool
    finally:
        worker.close()
        web.close()


def test_a_broken_workflow_is_told_and_the_others_are_served(folder: Folder, opening, caplog):
    folder.write("workflows/broken.yaml", "hub: 1\ntitle: Broken\nsteps:\n  - do: nothing.there\n")

    hub = opening()

    assert list(hub.project.workflows) == ["greets"]
    assert "workflows/broken.yaml:" in caplog.text


# ---------------------------------------------------------------------------------- the servers


def test_without_a_database_or_with_a_wrong_address_it_says_what_to_set(folder: Folder):
    assert "Set HUB_DATABASE_URL" in refusal(folder, HUB_DATABASE_URL="")
    assert "Set HUB_DATABASE_URL" in refusal(folder, HUB_DATABASE_URL="localhost, I think")
    assert "HUB_DATABASE_URL" in refusal(folder, HUB_DATABASE_URL="mysql://localhost/hub")


def test_with_a_wrong_address_of_redis_it_says_what_to_set(folder: Folder):
    assert "Set HUB_REDIS_URL" in refusal(folder, HUB_REDIS_URL="")
    assert "HUB_REDIS_URL is no address" in refusal(folder, HUB_REDIS_URL="localhost:6379")


def test_it_opens_while_redis_is_away(opening):
    assert not opening({"HUB_REDIS_URL": "redis://127.0.0.1:1/0"}).doorbell.is_reachable()


def test_tables_of_another_version_stop_the_start(folder: Folder, empty_database: str):
    assert "run `hub db upgrade`" in refusal(folder, HUB_DATABASE_URL=empty_database)


def test_E15_the_version_before_starts_and_is_ready_on_the_tables_of_the_next(
    opening, empty_database: str
):
    migrate.upgrade(empty_database)
    engine = create_engine(db.address(empty_database), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    client = create_app(opening({"HUB_DATABASE_URL": empty_database})).test_client()

    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("how", ["session", "role or database"])
def test_I2_a_database_that_may_lose_commits_stops_the_start(folder: Folder, opening, caplog, how):
    url = make_url(folder.environment["HUB_DATABASE_URL"])
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    unsafe = url
    with engine.connect() as connection:
        if how == "session":
            unsafe = url.update_query_dict({"options": "-c synchronous_commit=off"})
        else:
            connection.exec_driver_sql(
                f"ALTER DATABASE {url.database} SET synchronous_commit = off"
            )
        try:
            named = {"HUB_DATABASE_URL": unsafe.render_as_string(hide_password=False)}
            told = refusal(folder, **named)
            assert "synchronous_commit = off" in told
            assert "HUB_UNSAFE_DURABILITY=1" in told

            opening({**named, "HUB_UNSAFE_DURABILITY": "1"})
            assert "accepted webhooks may be lost" in caplog.text
        finally:
            connection.exec_driver_sql(f"ALTER DATABASE {url.database} RESET synchronous_commit")


def test_a_refused_start_leaves_no_connection_behind(folder: Folder):
    url = folder.environment["HUB_DATABASE_URL"]
    name = make_url(url).update_query_dict({"application_name": "hub-refused"})

    refusal(
        folder,
        HUB_DATABASE_URL=name.render_as_string(hide_password=False),
        HUB_ENCRYPTION_KEY="no key",
    )

    engine = create_engine(url, poolclass=NullPool)
    left = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hub-refused'")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        until(lambda: connection.execute(left).scalar_one() == 0, "the last connection is gone")


# --------------------------------------------------------------------------- keys and the project


@pytest.mark.parametrize("key", ["", "short", "ü" * 44, "x" * 44 + "="])
def test_a_missing_or_wrong_encryption_key_stops_the_start(folder: Folder, key: str):
    told = refusal(folder, HUB_ENCRYPTION_KEY=key)

    assert "HUB_ENCRYPTION_KEY" in told
    assert "hub key" in told
    assert not key or key not in told


def test_a_folder_without_hub_yaml_is_no_project(tmp_path: Path):
    with pytest.raises(Misconfigured, match=r"holds no hub\.yaml"):
        read_project(tmp_path)


def test_S12_links_that_lead_out_of_the_project_are_left_out(folder: Folder, tmp_path: Path):
    (tmp_path / "outside.yaml").write_text("hub: 1\n")
    (folder.path / "workflows" / "inside.yaml").symlink_to(folder.path / "workflows/greets.yaml")
    (folder.path / "workflows" / "leads-out.yaml").symlink_to(tmp_path / "outside.yaml")

    assert set(read_project(folder.path).files) == {
        "hub.yaml",
        "workflows/greets.yaml",
        "workflows/inside.yaml",
    }


# ---------------------------------------------------------------------------------- config values


def test_config_values_come_from_the_environment_by_their_declared_type(folder: Folder, opening):
    folder.write("hub.yaml", HUB_YAML + CONFIG)

    assert opening().config == {
        "most": 5,
        "ratio": 0.5,
        "is_on": False,
        "where": "here",
        "names": [],
        "ports": [],
        "live_calls": False,
    }
    said = {
        "APP_MOST": "7",
        "APP_RATIO": "1e-3",
        "APP_ON": "true",
        "APP_WHERE": "there",
        "APP_NAMES": " a ,b,, c ",
        "APP_PORTS": "80, 443",
        "LIVE_CALL_ENABLED": "true",
        "APP_NO_DEFAULT": "x",
    }
    assert opening(said).config == {
        "most": 7,
        "ratio": 0.001,
        "is_on": True,
        "where": "there",
        "names": ["a", "b", "c"],
        "ports": [80, 443],
        "live_calls": True,
        "no_default": "x",
    }


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("APP_MOST", "many"),
        ("APP_MOST", "0"),
        ("APP_MOST", "1.5"),
        ("APP_MOST", "1_000"),
        ("APP_MOST", "٣"),
        ("APP_RATIO", "half"),
        ("APP_RATIO", "nan"),
        ("APP_RATIO", "inf"),
        ("APP_ON", "yes"),
        ("APP_ON", "True"),
        ("APP_WHERE", "elsewhere"),
        ("APP_PORTS", "80, http"),
    ],
)
def test_a_config_value_of_a_wrong_type_stops_the_start_and_says_what_to_set(
    folder: Folder, variable: str, value: str
):
    folder.write("hub.yaml", HUB_YAML + CONFIG)

    told = refusal(folder, **{variable: value})

    assert told.startswith(f"Set {variable} to what hub.yaml says of config.")


@pytest.mark.parametrize("value", ["", "1", "TRUE", "True", "yes", "on", " true", "true "])
def test_C06_calls_are_live_only_by_exactly_true(folder: Folder, opening, caplog, value: str):
    folder.write("hub.yaml", HUB_YAML + CONFIG)

    assert opening({"LIVE_CALL_ENABLED": value}).config["live_calls"] is False
    assert "LIVE_CALL_ENABLED is" in caplog.text
    assert "calls are simulated" in caplog.text


def test_S13_the_text_of_a_query_is_fixed_when_the_file_is_loaded(folder: Folder, opening, caplog):
    asks = """
hub: 1
title: Asks
inputs: {id: {type: integer}}
steps:
  - id: found
    do: sql.query
    with:
      query: SELECT name FROM customers WHERE id = :id
      params: {id: "${{ inputs.id }}"}
  - return: ${{ steps.found.count }}
"""
    folder.write("workflows/asks.yaml", asks)
    folder.write("workflows/joins.yaml", asks.replace("= :id", "= ${{ inputs.id }}"))

    hub = opening()

    assert "asks" in hub.project.served
    assert "joins" not in hub.project.served
    assert "HUB503" in caplog.text
    assert "give values as `params`" in caplog.text


def test_S14_the_url_of_a_step_is_known_as_one(folder: Folder):
    folder.write(
        "workflows/asks.yaml",
        "hub: 1\ntitle: Asks\ninputs: {id: {type: string}}\nsteps:\n"
        "  - id: one\n    do: http.post\n"
        "    with: {url: 'https://a.example/${{ inputs.id }}', json: {a: 'b/${{ inputs.id }}'}}\n"
        "  - id: two\n    do: http.get\n    with: {url: '${{ inputs.id }}'}\n",
    )

    (one, two) = read_project(folder.path).project.workflows["asks"].steps

    assert isinstance(one, Do)
    assert isinstance(two, Do)
    assert isinstance(one.inputs, ObjectOf)
    inputs = dict(one.inputs.entries)
    assert "is_url=True" in repr(inputs["url"])
    assert "is_url=True" not in repr(inputs["json"])
    assert "is_url=True" not in repr(two.inputs)
