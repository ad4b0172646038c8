"""How `hub dev` shows the lines of its children."""

from __future__ import annotations

from hub.cli.household import for_people


def test_a_json_line_of_a_child_is_shown_for_people():
    line = (
        '{"at":"2025-10-20T12:00:01.500+00:00","level":"info","logger":"hub.web",'
        '"message":"request","status":202,"runs":["r1"],"workflow":""}\n'
    )

    shown = for_people(line)

    assert shown is not None
    assert shown.text == "12:00:01 request status=202 runs=['r1']"
    assert shown.is_calm


def test_a_traceback_is_shown_below_its_event_and_never_hidden():
    shown = for_people('{"level":"error","message":"it failed","exception":"Traceback …"}')

    assert shown is not None
    assert shown.text == "it failed\nTraceback …"
    assert not shown.is_calm


def test_what_is_not_json_stays_as_it_is():
    shown = for_people("Segmentation fault\n")

    assert shown is not None
    assert (shown.text, shown.is_calm) == ("Segmentation fault", False)
    assert for_people("\n") is None
