"""All files together: what one file alone cannot show, and what a broken one must not do (S5)."""

from __future__ import annotations

import json

import pytest

from hub.engine.workflow import Endpoint, Schedule
from hub.schemas import compile_schema
from tests.unit.engine.shipped import ROOT, shipped, shipped_files
from tests.unit.engine.small_project import FILES, changed, load

FLOWS = {path.stem for path in (ROOT / "workflows").glob("*.yaml")}
CALLED = "hub: 1\ntitle: {name}\ninputs: {{}}\nsteps:\n  - id: next\n    call: {called}\n"


def told(files: dict[str, str]) -> list[tuple[str, str, int]]:
    return [(finding.code, finding.file, finding.line) for finding in load(files).findings]


def test_the_shipped_flows_have_no_findings():
    project = shipped()

    assert [str(finding) for finding in project.findings] == []
    assert set(project.workflows) == FLOWS


def test_a_shipped_flow_is_not_served_only_for_an_action_that_is_declared_only():
    project = shipped()
    declared = {name for name, each in project.actions.items() if not each.is_implemented}

    assert {name for missing in project.unserved.values() for name in missing} <= declared
    assert "vapi-appointment-booked" in project.served
    assert "appointment-outcome" in project.served


def test_the_shipped_endpoints_are_where_callers_expect_them():
    endpoints = {
        name: workflow.trigger.path
        for name, workflow in shipped().workflows.items()
        if isinstance(workflow.trigger, Endpoint)
    }

    assert endpoints == {
        "appointment-outcome": "/webhook/appointment-outcome",
        "availability": "/services/{service_id}/availability",
        "booking-decision": "/jobs/{job_id}/{decision}",
        "booking-request": "/services/{service_id}/book",
        "booking-schedule": "/api/v1/bookings/schedule",
        "booking-schedule-async": "/api/v1/bookings/schedule-async",
        "booking-session": "/api/v1/booking/start",
        "booking-session-cancel": "/api/v1/booking/{session_id}",
        "booking-session-event": "/webhook/booking-session-event",
        "booking-session-handoff-url": "/api/v1/booking/{session_id}/handoff-url",
        "booking-session-status": "/api/v1/booking/{session_id}/status",
        "booking-settle": "/api/v1/bookings/{request_id}/settle",
        "booking-status": "/api/v1/bookings/{request_id}",
        "calcom-appointment-outcome": "/webhook/calcom",
        "calendly-appointment-outcome": "/webhook/calendly",
        "check-slots": "/api/availability/check-slots",
        "client-booking": "/client/booking",
        "client-cancel": "/client/cancel",
        "client-reschedule": "/client/reschedule",
        "clinic-booking": "/api/v1/clinic-bookings",
        "clinic-questions": "/webhook/clinic-questions",
        "cron-release-expired-reservations": "/api/cron/release-expired-reservations",
        "deposit-decision": "/api/v1/deposits/{order_id}/{decision}",
        "job-progress": "/staff/jobs/{job_id}/progress/{progress}",
        "lead-phone": "/webhook/lead-phone",
        "mail-bounced": "/webhook/mail-bounced",
        "mechanic-presence": "/api/mechanics/presence",
        "reservation": "/api/reservations/{reservation_id}",
        "reservations": "/api/reservations",
        "retell-appointment-booked": "/webhook/retell-appointment-booked",
        "service-request": "/api/v1/service-requests",
        "session-cancel": "/api/sessions/cancel",
        "session-now": "/api/sessions",
        "session-reschedule": "/api/sessions/reschedule",
        "session-status": "/api/sessions/status",
        "session-waiver": "/api/sessions/waiver",
        "sessions": "/api/sessions",
        "slot-checkout": "/api/checkout",
        "square-webhook": "/webhook/square",
        "slot-monitor": "/api/slots/monitor",
        "staff-booking": "/staff/jobs",
        "staff-figures": "/staff/figures",
        "staff-jobs": "/staff/jobs",
        "staff-reschedule": "/staff/jobs/{job_id}/move",
        "stripe-webhook": "/webhook/stripe",
        "twilio-message-status": "/webhook/twilio-status",
        "twilio-sms-received": "/webhook/twilio-sms",
        "vapi-appointment-booked": "/webhook/vapi-appointment-booked",
        "vapi-booking-call-ended": "/webhook/vapi-booking-call-ended",
        "vapi-call-ended": "/webhook/vapi-call-ended",
        "waiting-list-answer": "/client/waiting-list/{answer}",
        "waiting-list-join": "/services/{service_id}/waiting-list",
    }


def test_the_sweep_runs_every_quarter_of_an_hour():
    trigger = shipped().workflows["release-expired-phones"].trigger

    assert isinstance(trigger, Schedule)
    assert trigger.every is not None
    assert trigger.every.total_seconds() == 15 * 60


@pytest.mark.parametrize(
    ("sample", "is_valid"),
    [
        ("appointment-outcome-showed", True),
        ("appointment-outcome-no-show", True),
        ("appointment-outcome-cancelled", True),
        ("appointment-outcome-canceled-spelling", True),
        ("appointment-outcome-rescheduled", True),
        ("appointment-outcome-unknown", False),
    ],
)
def test_the_schema_of_outcomes_takes_what_brokers_send(sample, is_valid):
    trigger = shipped().workflows["appointment-outcome"].trigger
    assert isinstance(trigger, Endpoint)
    assert trigger.payload_schema is not None
    body = json.loads((ROOT / "tests/samples/hub" / f"{sample}.json").read_text())

    assert compile_schema(trigger.payload_schema).fits(body) is is_valid


def test_each_flow_has_its_tests_and_they_name_their_schema_for_editors():
    tests = {path.stem: path.read_text() for path in (ROOT / "workflows/tests").glob("*.yaml")}

    assert set(tests) == FLOWS
    for name, text in tests.items():
        assert text.startswith("# yaml-language-server: $schema=workflow-tests.schema.json\n"), name
        assert f"\nworkflow: {name}\n" in text, name


def test_each_flow_names_its_schema_for_editors():
    for path, text in shipped_files().items():
        if path.startswith("workflows/"):
            assert text.startswith("# yaml-language-server: $schema=workflow.schema.json\n"), path


def test_S5_a_broken_file_does_not_take_down_the_others():
    project = load({**FILES, "workflows/broken.yaml": "hub: 1\ntitle: {{ oops"})

    assert set(project.workflows) == {"book", "sweep", "take-seat"}
    assert project.broken == ("broken",)


def test_a_workflow_that_calls_a_broken_one_is_broken_too_and_says_so():
    project = load(changed("workflows/take-seat.yaml", "do: seats.take", "do: seats.tak"))

    assert set(project.workflows) == {"sweep"}
    assert project.broken == ("book", "take-seat")
    assert "workflows/book.yaml:20:11: error HUB216 'take-seat' has errors of its own" in "\n".join(
        str(finding) for finding in project.findings
    )


def test_workflows_that_call_each_other_in_a_circle_are_refused_with_those_that_call_them():
    circle = {
        "workflows/a.yaml": CALLED.format(name="a", called="b"),
        "workflows/b.yaml": CALLED.format(name="b", called="c"),
        "workflows/c.yaml": CALLED.format(name="c", called="a"),
        "workflows/d.yaml": CALLED.format(name="d", called="a"),
    }
    project = load({**FILES, **circle})

    assert set(project.workflows) == {"book", "sweep", "take-seat"}
    told = "the workflows call each other in a circle: a → b → c → a"
    assert ("HUB216", told) in {(each.code, each.message) for each in project.findings}


def test_a_workflow_cannot_call_itself():
    project = load({**FILES, "workflows/a.yaml": CALLED.format(name="a", called="a")})

    assert project.broken == ("a",)


@pytest.mark.parametrize(("count", "is_broken"), [(16, False), (17, True)])
def test_calls_go_sixteen_levels_deep(count, is_broken):
    chain = {
        f"workflows/w{number}.yaml": CALLED.format(name=f"w{number}", called=f"w{number + 1}")
        for number in range(count)
    }
    chain[f"workflows/w{count}.yaml"] = "hub: 1\ntitle: last\ninputs: {}\nsteps:\n  - log: x\n"

    assert ("w0" in load({**FILES, **chain}).broken) is is_broken


def test_two_workflows_cannot_have_one_route():
    book = FILES["workflows/book.yaml"]
    files = {
        **FILES,
        "workflows/zz.yaml": book.replace(
            "  auth: broker", "  path: /webhook/book\n  auth: broker"
        ),
    }
    project = load(files)

    assert project.broken == ("zz",)
    assert told(files) == [("HUB620", "workflows/zz.yaml", 6)]


def test_names_of_path_parts_do_not_make_two_routes():
    one = "hub: 1\ntitle: x\nendpoint:\n  path: /a/{%s}\n  auth: broker\nsteps:\n  - log: x\n"
    files = {**FILES, "workflows/a.yaml": one % "one", "workflows/b.yaml": one % "two"}

    assert told(files) == [("HUB620", "workflows/b.yaml", 4)]


@pytest.mark.parametrize(
    "name", ["Book.yaml", "my_flow.yaml", "1st.yaml", "flow.yml", "a" * 64 + ".yaml"]
)
def test_S12_a_file_with_another_name_is_told_and_not_loaded(name):
    path = f"workflows/{name}"

    assert told({**FILES, path: FILES["workflows/sweep.yaml"]}) == [("HUB110", path, 1)]


def test_S12_tests_and_other_folders_are_no_workflows():
    assert not told({**FILES, "workflows/tests/book.yaml": "x", "docs/book.yaml": "y"})


def test_a_project_without_settings_says_so():
    files = {path: text for path, text in FILES.items() if path != "hub.yaml"}
    project = load(files)

    assert ("HUB110", "hub.yaml", 1) in told(files)
    assert "take-seat" in project.workflows


def test_broken_settings_leave_what_does_not_need_them():
    project = load({**FILES, "hub.yaml": "hub: 1\nauth: {\n"})

    assert {"take-seat"} <= set(project.workflows)
    assert "book" in project.broken


def test_a_connection_that_is_not_declared_is_told():
    files = changed(
        "workflows/book.yaml", "        retry: 3", "        connection: other\n        retry: 3"
    )

    assert told(files) == [("HUB110", "workflows/book.yaml", 48)]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("do: seats.list", "do: seats.lst", "HUB215"),
        ("auth: broker", "auth: brokr", "HUB214"),
        (
            'do: chat.post\n        with:\n          channel: "#seats"\n          text: ${{ pay',
            'do: chat.pst\n        with:\n          channel: "#seats"\n          text: ${{ pay',
            "HUB215",
        ),
    ],
)
def test_an_unknown_name_does_not_hide_mistakes_in_expressions(old, new, code):
    files = changed("workflows/book.yaml", old, new)
    files["workflows/book.yaml"] = files["workflows/book.yaml"].replace(
        "steps.calls.failed > 0", "steps.calls.faild > 0"
    )

    project = load(files)

    assert sorted(each.code for each in project.errors) == sorted([code, "HUB203"])
    assert project.broken == ("book",)
