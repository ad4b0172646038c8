"""What callers do with us, by dialect: how long they wait, what they repeat, what a failure costs.

Data for people and for reports; source: `wire-formats`, tables 0.1 and 0.2, where `?` means that
nobody told. What a dialect needs to work stands in the dialect itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Caller:
    """One kind of caller. `key` is what tells a repeat from a new message.

    `answer_within`: its usual limit, None where none is told or the dialect has it (`answer_time`);
    `limit` says more of it.
    """

    who: str
    key: str
    retries: str
    cost: str
    answer_within: timedelta | None = None
    limit: str = ""


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


_SVIX = "advised: for 3 days"
_SLACK = "3 times, told in headers"
_SWITCHED_OFF = "the subscription may be switched off"
_STATUS = "SID and status, of calls SID and sequence"

CALLERS: Mapping[str, Caller] = {
    "json": Caller(
        "whoever posts JSON", "none, unless `dedupe` names one", "its own affair", "its own affair"
    ),
    "form": Caller(
        "whoever posts a form",
        "none, unless `dedupe` names one",
        "its own affair",
        "its own affair",
    ),
    "vapi.tool": Caller(
        "Vapi, tool call",
        "call and tool call; of the deprecated form call, name and arguments",
        "none, unless a `backoffPlan` is set: up to 10",
        "the person on the phone hears silence",
    ),
    "vapi.event": Caller(
        "Vapi, server message",
        "call and type, with the status",
        "none, unless a `backoffPlan` is set: up to 10",
        "frequent messages come more rarely; a call that asks for its assistant fails",
    ),
    "retell.tool": Caller(
        "Retell, custom function",
        "call, name and arguments, for 3 minutes",
        "none, `max_retry` up to 5",
        "the model is told that it failed",
    ),
    "retell.event": Caller(
        "Retell, webhook",
        "event and call, of those that come once in a call",
        "up to 3",
        "the event is lost",
        limit="can be set for each agent",
    ),
    "elevenlabs.tool": Caller(
        "ElevenLabs, server tool",
        "conversation and call, where its envelope has them",
        "?",
        "the model is told that it failed",
    ),
    "elevenlabs.event": Caller(
        "ElevenLabs, after the call",
        "type and conversation",
        "none",
        "switched off after 10 failures and 7 days without success",
        limit="soon, with 200 exactly",
    ),
    "bland.event": Caller("Bland, after the call", "call and status", "?", "the event is lost"),
    "calcom": Caller(
        "Cal.com",
        "trigger and booking, with what changes: sequence, times or status",
        "none",
        "the event is lost",
    ),
    "calendly": Caller(
        "Calendly",
        "event and invitee; of a no-show its time too",
        "for 24 h, ever more rarely",
        "after 24 h the subscription is switched off, and nobody is told",
    ),
    "google.calendar": Caller(
        "Google Calendar, push",
        "channel and number of the message",
        "500, 502, 503 and 504, ever more rarely",
        "the notification is lost",
    ),
    "microsoft.graph": Caller(
        "Microsoft Graph",
        "subscription, change, resource and its version",
        "for up to 4 h",
        "many slow answers: notifications are delayed, then dropped",
        _seconds(3),
    ),
    "acuity": Caller("Acuity", "action and appointment, of `scheduled`", "?", "?"),
    "gohighlevel": Caller("GoHighLevel", "`webhookId`", "?", "?"),
    "hubspot": Caller(
        "HubSpot",
        "event, object and time",
        "up to 10 within 24 h",
        "the event is lost",
        _seconds(5),
    ),
    "stripe": Caller("Stripe", "id of the event", "for up to 3 days", _SWITCHED_OFF, _seconds(10)),
    "square": Caller("Square", "`event_id`", "?", "?"),
    "slack.event": Caller("Slack, events", "`event_id`", _SLACK, _SWITCHED_OFF, _seconds(3)),
    "slack.action": Caller(
        "Slack, interactivity", "its signature", _SLACK, "the person sees an error", _seconds(3)
    ),
    "slack.command": Caller(
        "Slack, slash command", "its signature", _SLACK, "the person sees an error", _seconds(3)
    ),
    "twilio.sms": Caller(
        "Twilio, message in",
        "`MessageSid`",
        "1, only when it cannot connect",
        "its fallback URL is asked, else the message is lost",
        _seconds(15),
        "5 s of them to connect",
    ),
    "twilio.status": Caller(
        "Twilio, status callback",
        _STATUS,
        "1, only when it cannot connect",
        "the status is lost",
        _seconds(15),
        "5 s of them to connect",
    ),
    "signalwire.sms": Caller("SignalWire, message in", "`MessageSid`", "?", "?"),
    "signalwire.status": Caller(
        "SignalWire, status callback", _STATUS, "may never come", "ask for the status instead"
    ),
    "github": Caller("GitHub", "`X-GitHub-Delivery`", "none", "the event is lost", _seconds(10)),
    "standard_webhooks": Caller(
        "Standard Webhooks, Svix, OpenAI",
        "`webhook-id`, the same on every repeat",
        _SVIX,
        "410 ends the subscription",
        _seconds(15),
        "15 to 30 s are advised",
    ),
    "cloudevents": Caller("CloudEvents", "source and id", "its own affair", "its own affair"),
}
