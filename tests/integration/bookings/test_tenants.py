"""No tenant sees or changes another one's rows, by whatever door (K-21, X38)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from ruamel.yaml import YAML
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.bootstrap.actions import all_actions
from hub.domain.bookings import figures, jobs, keeping, services, set_up, staff, tenants
from hub.domain.bookings.keeping import ResourceWanted, ServiceWanted
from tests.integration.bookings.office import ADA, EVERY_DAY, Office, at, attempt
from tests.integration.domain.desk import code_of

WORKFLOWS = Path(__file__).parents[3] / "workflows"
BY_TENANT = {
    name for name, each in all_actions().items() if "tenant_id" in each.input_schema["properties"]
}
OURS = ("jobs.", "services.", "bookings.", "waiting_list.", "tenants.")


@pytest.fixture
def foreign(office: Office) -> tuple[UUID, UUID, UUID]:
    """A tenant that owns nothing, and a service and a job of another one."""
    mine, theirs = office.tenant(), office.tenant()
    service = office.service(theirs)
    return mine, service, office.book(service, at(21, 10)).id


def test_K21_every_action_refuses_the_rows_of_another_tenant(office, foreign):
    mine, service, job = foreign
    clock = office.clock
    office.clock.set(at(21, 10, 30))  # when every change of the job would be allowed
    times: dict[str, Any] = {"first": at(1, 0), "last": at(30, 0)}

    def on(db) -> dict[str, Any]:
        done = (db, clock, attempt())
        return {
            "services.get": partial(services.get, db, id=service),
            "jobs.get": partial(jobs.get, db, job_id=job),
            "jobs.set_status": partial(jobs.set_status, *done, job_id=job, status="cancelled"),
            "jobs.reschedule": partial(jobs.reschedule, *done, job_id=job, start=at(22, 10)),
            "jobs.create": partial(
                staff.create, *done, service_id=service, start=at(22, 10), client=ADA
            ),
            "jobs.move": partial(staff.move, *done, job_id=job, start=at(22, 10)),
            "jobs.mark_no_show": partial(staff.mark_no_show, *done, job_id=job),
            "jobs.list": partial(staff.list_jobs, db),
            "bookings.figures": partial(figures.figures, db, **times),
        }

    with office.transaction() as db:
        calls = on(db)
        assert set(calls) == BY_TENANT, "an action takes a tenant and is not tried here"
        for name, call in calls.items():
            if name == "jobs.list":
                assert call(tenant_id=mine).jobs == []
            elif name == "bookings.figures":
                values = {each.name: each.value for each in call(tenant_id=mine).figures}
                assert (values["bookings"], values["no-shows"]) == (0, None)
            else:
                assert code_of(call, tenant_id=mine) == "not_found", name
    assert office.job(job).version == 1


def test_K21_what_staff_may_do_names_the_tenant_of_their_key_at_every_step():
    """By the files: a step that forgot it would see every tenant's rows."""
    staffed = [path for path in WORKFLOWS.glob("*.yaml") if _auth(path) == "staff"]
    assert len(staffed) >= 6

    for path in staffed:
        first, *others = _steps(YAML(typ="safe").load(path)["steps"])
        assert first["do"] == "tenants.of_key", path.name
        assert first["with"] == {"key_id": "${{ caller.key_id | required }}"}
        for step in others:
            if not step["do"].startswith(OURS):
                continue
            assert step["do"] in BY_TENANT, f"{path.name}: {step['do']} asks for no tenant"
            assert step["with"]["tenant_id"] == "${{ steps.staff.tenant_id }}", path.name


def _auth(path: Path) -> str:
    trigger = YAML(typ="safe").load(path).get("endpoint") or {}
    return str(trigger.get("auth", ""))


def _steps(value: Any) -> Iterator[dict[str, Any]]:
    """Every step with an action, wherever it stands, in the order of the file."""
    if isinstance(value, list):
        for each in value:
            yield from _steps(each)
    elif isinstance(value, dict):
        if "do" in value:
            yield value
        for each in value.values():
            yield from _steps(each)


def test_X38_staff_are_never_told_of_other_tenants_jobs(office):
    mine, theirs = office.tenant(), office.tenant()
    service = office.service(mine)
    office.book(office.service(theirs), at(21, 10))
    office.book(service, at(21, 10))

    refused = office.create(mine, service, at(21, 10))

    assert len(refused.conflicts) == 1
    assert refused.conflicts[0].service_name == "Boiler check"
    assert len(office.list_jobs(mine)) == len(office.list_jobs(theirs)) == 1


def test_X38_the_public_is_told_nothing_of_who_has_the_time(office):
    service = office.service()
    office.book(service, at(21, 10))

    with office.transaction() as db:
        client = type(ADA)("Mallory", "mallory@example.com")
        call = partial(jobs.book, db, office.clock, attempt(), service_id=service, start=at(21, 10))
        with pytest.raises(Exception, match=r"^this time is fully booked$") as refused:
            call(client=client)
    assert "Ada" not in str(refused.value)


def test_K21_the_database_itself_keeps_tenants_apart(office):
    mine, theirs = office.tenant(), office.tenant()
    service, resource = office.service(theirs), office.resource(mine)
    needs = {"service": service, "tenant": mine, "resource": resource}
    statement = text(
        "INSERT INTO service_needs (service_id, need, resource_id, tenant_id)"
        " VALUES (:service, 'person', :resource, :tenant)"
    )

    with pytest.raises(IntegrityError, match="fk_service_needs"), office.transaction() as db:
        db.execute(statement, needs)


def test_K21_what_belongs_to_one_tenant_is_never_set_up_as_anothers(office):
    mine, theirs = office.tenant(), office.tenant()
    service, resource = office.service(theirs), office.resource(theirs)
    wanted = ServiceWanted(service, mine, "Mine now", "M", "m@example.com", EVERY_DAY)

    with office.transaction() as db:
        assert code_of(keeping.put_service, db, wanted) == "not_found"
        taken = ResourceWanted(resource, mine, "Mine now")
        assert code_of(keeping.put_resource, db, taken) == "not_found"


def test_K21_a_key_speaks_for_its_tenant_until_it_is_revoked(office):
    tenant = office.tenant("Europe/Berlin")
    with office.transaction() as db:
        tenants.add_key(db, key_id="key-1", tenant_id=tenant, label="front desk")
        speaker = tenants.of_key(db, key_id="key-1")
        assert (speaker.tenant_id, speaker.label) == (tenant, "front desk")
        assert tenants.revoke_key(db, office.clock, key_id="key-1")
        assert not tenants.revoke_key(db, office.clock, key_id="key-1")
        assert code_of(tenants.of_key, db, key_id="key-1") == "unknown_key"
        assert code_of(tenants.of_key, db, key_id="key-2") == "unknown_key"
        assert code_of(tenants.revoke_key, db, office.clock, key_id="key-2") == "not_found"
        assert [line.label for line in tenants.keys(db)] == ["front desk"]
        unknown = {"key_id": "key-3", "tenant_id": uuid4(), "label": "nobody"}
        assert code_of(tenants.add_key, db, **unknown) == "not_found"


# ---------------------------------------------------------------------------------------- set-up


def test_a_set_up_is_stored_whole_and_again(office):
    ids = {name: str(uuid4()) for name in ("tenant", "ana", "service")}
    file: dict[str, Any] = {
        "tenant": {"id": ids["tenant"], "name": "Acme", "timezone": "Europe/Berlin"},
        "resources": [{"id": ids["ana"], "name": "Ana"}],
        "services": [
            {
                "id": ids["service"],
                "name": "Boiler check",
                "contractor_name": "Bob",
                "contractor_email": "bob@example.com",
                "weekly": {"tue": ["09:00-12:00", "13:00-17:00"]},
                "days": {"2025-12-24": []},
                "needs": {"technician": [ids["ana"]]},
                "duration_minutes": 90,
            }
        ],
    }

    for _ in range(2):
        with office.transaction() as db:
            set_up.put_set_up(db, set_up.read_set_up(file))

    free = office.free(UUID(ids["service"]), at(21, 0).date())
    assert free == [at(21, 7), at(21, 8, 30), at(21, 11), at(21, 12, 30)]
    assert office.book(UUID(ids["service"]), free[0]).end == at(21, 8, 30)


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (("tenant", "timezone"), "Mars/Olympus", "time zone"),
        (("tenant", "id"), "seven", "/tenant/id"),
        (("services", 0, "weekly"), {"tue": ["9-17"]}, "window"),
        (("services", 0, "weekly"), {"someday": []}, "someday"),
        (("services", 0, "days"), {"Christmas": []}, "Christmas"),
        (("services", 0, "duration_minutes"), 0, "/services/0/duration_minutes"),
    ],
)
def test_a_set_up_that_is_wrong_is_refused_with_its_place(office, where, value, told):
    file: dict[str, Any] = {
        "tenant": {"id": str(uuid4()), "name": "Acme", "timezone": "UTC"},
        "services": [
            {
                "id": str(uuid4()),
                "name": "Boiler check",
                "contractor_name": "Bob",
                "contractor_email": "bob@example.com",
                "weekly": {},
            }
        ],
    }
    place: Any = file
    for name in where[:-1]:
        place = place[name]
    place[where[-1]] = value

    with (
        office.transaction() as db,
        pytest.raises(Exception, match=told),
    ):
        set_up.put_set_up(db, set_up.read_set_up(file))
