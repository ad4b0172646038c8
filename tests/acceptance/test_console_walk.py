"""The walk of a new user: why did it fail, mend it, run it again."""

from __future__ import annotations

from hub.people.roles import Role
from tests.acceptance.browser import Browser
from tests.acceptance.story import Story
from tests.acceptance.test_console_flows import change, look_again

WRONG = "  - if: payload.lead_id is set\n    fail: not_ready\n\n"


def a_failed_run(hub: Story) -> None:
    """Somebody wrote a step that ends every run."""
    lead = hub.holder()
    first = "  # First, so that nothing is given for a number that is none.\n"
    change(hub, "lead-phone", first, WRONG + first)
    hub.gives_phone(lead)


def is_in_force(hub: Story) -> None:
    """What was saved is taken up, as web and worker do it by themselves."""
    look_again(hub)
    text = hub.hub.project.files["workflows/lead-phone.yaml"]
    assert WRONG not in text


def test_a_failed_run_is_understood_its_workflow_mended_and_the_run_green_again(hub: Story):
    a_failed_run(hub)
    new_user = Browser.of(hub, Role.EDITOR)

    home = new_user.get("/admin")  # the last failure is on the first page
    (failed,) = [each for each in home.links() if each.startswith("/admin/runs/")]
    run = new_user.get(failed)
    assert "failed" in run.text
    assert "not_ready" in run.text  # the reason

    flow = new_user.get("/admin/workflows/lead-phone")
    assert "/admin/workflows/lead-phone" in run.links()
    assert "/admin/workflows/lead-phone/edit" in flow.links()
    edit = "/admin/workflows/lead-phone/edit"
    page = new_user.get(edit)
    (area,) = [each for each in page.elements if each.name == "textarea"]
    mended = area.text.removeprefix("\n").replace(WRONG, "")
    asked = new_user.post(f"{edit}/what-if", {**page.form(edit).fields, "text": mended})
    assert "the run would be succeeded; it was failed (not_ready" in asked.text
    saved = new_user.post(edit, {**page.form(edit).fields, "text": mended})
    assert "Saved." in new_user.follow(saved).text
    is_in_force(hub)

    again = new_user.get(failed)
    assert "Run again with the workflow as it is now" in again.text
    (form,) = [each for each in again.forms if each.fields.get("version") == "now"]
    with hub.worker_at_work():
        sent = new_user.post(form.action, form.fields)
        if sent.status == 409:  # it asks first what would be done twice
            sent = new_user.submit(sent, form.action)
    green = new_user.follow(sent)
    assert "succeeded" in green.text
    assert hub.runs("lead-phone")[0].version == hub.hub.project.workflows["lead-phone"].version
