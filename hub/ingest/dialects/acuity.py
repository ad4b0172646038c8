"""Dialect `acuity`: Acuity says that something became of an appointment, as a form.

It tells no more than ids: fetch the appointment. `changed` also comes beside the other events.
There is no id of the event, and a second change has the very same body as the first: only what
happens to an appointment once has a key.
"""

from __future__ import annotations

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.members import present

_HAPPENS_ONCE = {"scheduled", "order.completed"}


class Acuity(Dialect):
    """Webhooks of Acuity Scheduling."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a form without action and id makes none."""
        action, subject = text_at(body.value, "action"), text_at(body.value, "id")
        if action is None or subject is None:
            return Unpacked(ignored="no event of Acuity: action or id", when_refused="record")
        is_order = action.startswith("order.")
        payload = present(
            {
                "trigger": action,
                "order_id" if is_order else "appointment_id": subject,
                "calendar_id": text_at(body.value, "calendarID"),
                "appointment_type_id": text_at(body.value, "appointmentTypeID"),
            }
        )
        return Unpacked(
            calls=(Call(payload, key=f"{action}/{subject}" if action in _HAPPENS_ONCE else None),),
            when_refused="record",
            kind=action,
            is_mended=bool(body.faults),
        )


ACUITY = Acuity(
    name="acuity",
    default_auth="acuity",
    media_types=(FORM_TYPE,),
    payload_names=("trigger",),
)
