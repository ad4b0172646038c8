"""One endpoint, ready to receive: its dialect, its preset and its schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from hub.engine.settings import AuthPreset, ProjectSettings
from hub.engine.workflow import Endpoint, Workflow
from hub.errors import PayloadProblem
from hub.ingest.dialects import DIALECTS, FORM_TYPE, Dialect
from hub.ingest.parts import Parts, read_fields
from hub.schemas import (
    Validator,
    compile_schema,
    fill_defaults,
    keep_known,
    normalise,
    place_local_times,
)
from hub.values import is_credential_name

PUBLIC = AuthPreset(name="public", type="public")
WITHOUT_BODY = {"GET", "DELETE"}


@dataclass(frozen=True)
class Payload:
    """A payload after its schema: what the workflow sees, or what is wrong with it.

    `times`: which instants its local times meant, by JSON pointer (D7).
    """

    value: Any
    problems: tuple[PayloadProblem, ...] = ()
    times: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entrance:
    """What stands ready for the requests of one endpoint."""

    workflow: Workflow
    endpoint: Endpoint
    dialect: Dialect
    preset: AuthPreset
    params: Parts
    query: Parts

    @cached_property
    def validator(self) -> Validator | None:
        """Compiled for its first request: a start with thousands of endpoints waits for none."""
        schema = self.endpoint.payload_schema
        return None if schema is None else compile_schema(schema)

    @property
    def has_body(self) -> bool:
        """GET and DELETE have no payload."""
        return self.endpoint.method not in WITHOUT_BODY

    @property
    def secret_header(self) -> str | None:
        """The header that proves the caller, in lower case, where the preset names one.

        A signature without a time proves one as long as its secret lives.
        """
        header = self.preset.header
        return None if header is None else header.lower()

    @property
    def needed_credentials(self) -> tuple[str, ...]:
        """The credentials without which the workflow cannot run; only versions from before do so.

        What may be left out is left out: the workflow goes on as if it was not sent (S6).
        """
        return tuple(
            each.name
            for each in self.endpoint.query
            if is_credential_name(each.name) and each.default is None and not each.is_optional
        )

    def prepare(self, payload: Any) -> Payload:
        """Local times placed, defaults in, verdict, unknown members out, one way of writing.

        The texts of a form first become what the schema says.
        """
        if self.validator is None:
            return Payload(payload)
        excess = self.validator.excess(payload)
        if excess is not None:
            return Payload(None, (PayloadProblem("", excess),))
        view = self.validator.view
        times: dict[str, str] = {}
        if FORM_TYPE in self.dialect.media_types:
            payload = read_fields(view, payload)
        if self.endpoint.timezone is not None:
            zone = ZoneInfo(self.endpoint.timezone)
            payload, times = place_local_times(view, payload, zone)
        payload = fill_defaults(view, payload)
        problems = self.validator.problems(payload)
        if problems:
            return Payload(None, tuple(problems))
        return Payload(normalise(view, keep_known(view, payload)), times=times)


def open_entrance(workflow: Workflow, endpoint: Endpoint, settings: ProjectSettings) -> Entrance:
    """What one endpoint needs; raises KeyError for an unknown preset or dialect."""
    preset = PUBLIC if endpoint.auth == PUBLIC.name else settings.auth[endpoint.auth]
    return Entrance(
        workflow=workflow,
        endpoint=endpoint,
        dialect=DIALECTS[endpoint.dialect],
        preset=preset,
        params=Parts("params", endpoint.params),
        query=Parts("query", endpoint.query),
    )
