"""What can be clicked through on the page: each flow with the workflows that it sends to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.action import Clock, Mode
from hub.engine.project import Project
from hub.engine.start import Start
from hub.engine.workflow import Endpoint, Workflow
from hub.errors import Rejected


@dataclass(frozen=True)
class Flow:
    """A flow of the page. Without those of `workflows` it is not shown, `more` are used if there.

    The page sends to these and to no other.
    """

    name: str
    title: str
    workflows: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def sent_to(self) -> tuple[str, ...]:
        """All that the page may send to."""
        return (*self.workflows, *self.more)


FLOWS = (
    Flow(
        "holds",
        "Held numbers",
        ("lead-phone", "vapi-appointment-booked", "appointment-outcome"),
    ),
    Flow(
        "call",
        "Booking by phone",
        ("service-request", "booking-schedule-async", "booking-status"),
    ),
    Flow(
        "slots",
        "Paid slots",
        ("check-slots", "slot-checkout", "stripe-webhook", "sessions"),
        ("session-cancel", "session-reschedule"),
    ),
    Flow(
        "booking",
        "Public booking",
        ("availability", "booking-request", "booking-decision", "staff-jobs"),
        ("staff-reschedule", "client-cancel", "client-reschedule"),
    ),
)


@dataclass(frozen=True)
class Offer:
    """A flow of this project: which endpoints it has, and where its effects go.

    `is_closed`: some effect of it would be real, or nobody can say that none would.
    """

    flow: Flow
    endpoints: Mapping[str, Workflow]
    modes: frozenset[Mode]

    @property
    def is_closed(self) -> bool:
        """Whether the page must not touch it."""
        return "live" in self.modes


def offers(project: Project, config: Mapping[str, Any], clock: Clock) -> list[Offer]:
    """The flows that this project can play."""
    served = project.served
    found = []
    for flow in FLOWS:
        if all(name in served for name in flow.workflows):
            endpoints = {
                name: served[name]
                for name in flow.sent_to
                if name in served and isinstance(served[name].trigger, Endpoint)
            }
            modes = (_mode(project, each, config, clock) for each in endpoints.values())
            found.append(Offer(flow, endpoints, frozenset(modes)))
    return found


def _mode(project: Project, workflow: Workflow, config: Mapping[str, Any], clock: Clock) -> Mode:
    """The mode of its runs; one that depends on the request may be any, so it counts as live."""
    start = Start(workflow, {}, config, clock.now(), project.settings.mode)
    try:
        return start.mode()
    except Rejected:
        return "live"
