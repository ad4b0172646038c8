"""The services behind the connectors: one workflow that asks each of them, and what came there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.fakes.airtable import FakeAirtable
from tests.fakes.google import CLIENT, FakeGoogle
from tests.fakes.hubspot import FakeHubspot
from tests.fakes.llm import FakeLlm
from tests.fakes.platform import FakePlatform
from tests.fakes.postgrest import FakePostgrest
from tests.fakes.services import FakeService, Received
from tests.fakes.stripe import FakeStripe
from tests.fakes.vapi import FakeVapi

_SIGNING = "whsec_" + "c2VjcmV0LW9mLXRoZS1jcmFzaC1wb2ludHM="
_ANSWERS = 8  # of the model: more than anybody asks for in one play

SECRETS = ("SIGNING", "GOOGLE_ID", "GOOGLE_SECRET", "GOOGLE_REFRESH", "HOOK")

CONNECTIONS = """\
  airtable:
    type: airtable
    base_url: "{vendors.airtable.base_url}"
    credentials: {{token: SLACK}}
    options: {{base: app1}}
  hubspot: {{type: hubspot, base_url: "{vendors.hubspot.url}", credentials: {{token: SLACK}}}}
  llm:
    type: llm
    base_url: "{vendors.llm.base_url}"
    credentials: {{api_key: SLACK}}
    options: {{model: small-1}}
  supabase:
    type: supabase
    base_url: "{vendors.supabase.base_url}"
    credentials: {{key: SLACK}}
  stripe: {{type: stripe, base_url: "{vendors.stripe.url}", credentials: {{api_key: SLACK}}}}
  vapi:
    type: vapi
    base_url: "{vendors.vapi.url}"
    credentials: {{api_key: SLACK}}
    options: {{phone_number_id: pn-1}}
  google:
    type: google
    base_url: "{vendors.google.url}"
    credentials:
      client_id: GOOGLE_ID
      client_secret: GOOGLE_SECRET
      refresh_token: GOOGLE_REFRESH
  webhooks:
    type: webhooks
    credentials: {{secret: SIGNING}}
    options: {{origins: "{vendors.platform.url}"}}
  hook: {{type: slack_webhook, credentials: {{url: HOOK}}}}
"""

# What may be done at most once is not the end of the run where nobody knows whether it was.
WORKFLOW = """\
steps:
  - id: airtable
    do: airtable.upsert
    with:
      table: Leads
      fields: {Email: a@example.com, Name: "${{ run.id }}"}
      merge_on: [Email]
  - id: hubspot
    do: hubspot.upsert_contact
    with: {email: a@example.com, properties: {firstname: "${{ run.id }}"}}
  - id: llm
    do: llm.text
    with: {prompt: "${{ run.id }}"}
  - id: supabase
    do: supabase.upsert
    with:
      table: leads
      row: {email: a@example.com, name: "${{ run.id }}"}
      on_conflict: [email]
  - id: payment
    do: stripe.create_payment_intent
    with: {amount: 4900, currency: cad}
  - id: vapi
    do: vapi.start_call
    with: {to: "+14155550123", assistant: 2bec425c-0000-4000-8000-3f0ff5f25d01}
    on_error: continue
  - id: gmail
    do: gmail.send
    with: {to: zoe@example.com, subject: "${{ run.id }}", text: hello}
    on_error: continue
  - id: hook
    do: slack.notify
    with: {text: "${{ run.id }}"}
    on_error: continue
  - id: callback
    do: webhooks.send
    with: {url: "PLATFORM/callback", type: call.ended, data: {run: "${{ run.id }}"}}
  - id: one
    do: ledger.write
    with: {said: one}
"""


@dataclass(frozen=True)
class Vendors:
    """One fake of each."""

    airtable: FakeAirtable
    hubspot: FakeHubspot
    llm: FakeLlm
    supabase: FakePostgrest
    stripe: FakeStripe
    vapi: FakeVapi
    google: FakeGoogle
    platform: FakePlatform

    @property
    def all(self) -> Sequence[FakeService]:
        return (
            self.airtable,
            self.hubspot,
            self.llm,
            self.supabase,
            self.stripe,
            self.vapi,
            self.google,
            self.platform,
        )

    def environment(self, *, hook: str) -> Mapping[str, str]:
        """The values of `SECRETS`."""
        client = (CLIENT["client_id"], CLIENT["client_secret"], CLIENT["refresh_token"])
        return dict(zip(SECRETS, (_SIGNING, *client, hook), strict=True))

    def forget(self) -> None:
        """A new play begins."""
        for service in self.all:
            service.requests.clear()
        self.airtable.records["Leads"].clear()
        self.hubspot.contacts.clear()
        self.supabase.rows.clear()
        self.stripe.intents.clear()
        self.vapi.calls.clear()
        self.google.mailbox.sent.clear()
        self.platform.events.clear()
        self.llm._answers.clear()  # noqa: SLF001
        for _ in range(_ANSWERS):
            self.llm.says("Yes.")

    def came(self, action: str, run: str) -> list[bytes]:
        """What of a run reached a service by this action; raises KeyError for another one."""
        return _CAME[action](self, run)


def _written(service: FakeService, run: str) -> list[Received]:
    return [each for each in service.requests if each.method != "GET" and run in str(each.body)]


def _callbacks(vendors: Vendors, run: str) -> list[bytes]:
    """The id of the message and what it says; its time is that of the attempt."""
    return [
        json.dumps([each.headers["webhook-id"], each.json["type"], each.json["data"]]).encode()
        for each in _written(vendors.platform, run)
    ]


_CAME: Mapping[str, Callable[[Vendors, str], list[bytes]]] = {
    "airtable.upsert": lambda at, run: [each.body for each in _written(at.airtable, run)],
    "hubspot.upsert_contact": lambda at, run: [each.body for each in _written(at.hubspot, run)],
    "supabase.upsert": lambda at, run: [each.body for each in _written(at.supabase, run)],
    "stripe.create_payment_intent": lambda at, run: [
        each.body for each in _written(at.stripe, run)
    ],
    "vapi.start_call": lambda at, run: [each.body for each in _written(at.vapi, run)],
    "gmail.send": lambda at, run: [
        b"" for each in at.google.mailbox.sent if each["Subject"] == run
    ],
    "webhooks.send": _callbacks,
}
ACTIONS = frozenset(_CAME)


@contextmanager
def open_vendors(key: str) -> Iterator[Vendors]:
    """All of them, each with the same key."""
    with ExitStack() as opened:
        vendors = Vendors(
            airtable=opened.enter_context(FakeAirtable(key)),
            hubspot=opened.enter_context(FakeHubspot(key)),
            llm=opened.enter_context(FakeLlm(key)),
            supabase=opened.enter_context(FakePostgrest(key)),
            stripe=opened.enter_context(FakeStripe(key)),
            vapi=opened.enter_context(FakeVapi(key)),
            google=opened.enter_context(FakeGoogle()),
            platform=opened.enter_context(FakePlatform(_SIGNING, lambda: datetime.now(UTC))),
        )
        vendors.forget()
        yield vendors
