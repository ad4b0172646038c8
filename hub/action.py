"""The contract of an action: a plain function, marked with `@action`.

Before the `*` stands what the hub gives, found by type (`Connection`, `Clock`, `Attempt`, a
connector's client); after the `*` what the workflow's author gives under `with:`. The JSON Schemas
of inputs and output come from the annotations (`hub.signature`), so the function stays callable
from tests, pages and commands.

An action can also be known before it can be done: `declare` gives one without a function. Files
that use it are checked completely, and their workflows are not served (`hub.engine.readiness`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from types import ModuleType
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

from hub.errors import Permanent
from hub.signature import (
    REQUIRED,
    Parameter,
    input_schema,
    output_schema,
    parameters,
    schema_of,
    to_json,
)

Effect = Literal["read", "idempotent", "keyed", "once"]
Mode = Literal["live", "test", "simulate"]
DestinationKind = Literal["phone", "email", "channel", "url"]
Function = TypeVar("Function", bound=Callable[..., Any])

_MARK = "__hub_action__"


class Clock(Protocol):
    """Tells the present instant (UTC). Actions ask for it instead of the system."""

    def now(self) -> datetime:
        """The present instant, with zone."""
        ...


class FormerSecrets(Protocol):
    """Tells what a secret was before it was exchanged: what it signed then still counts (S1)."""

    def former(self, value: str) -> str | None:
        """The value before this one, while `<NAME>_PREVIOUS` is set; None: there is none."""
        ...


@dataclass(frozen=True)
class Attempt:
    """One try of a step: what an action may know of the run it works for.

    `path` is the step's place in the run's journal;
    `key` is the same for all attempts of the step (E7) and goes out as the idempotency key;
    `timeout` is what this one attempt may take (E9). `may_be_done`: nobody knows whether an earlier
    attempt did it, so who can look shall look first (E8).
    """

    run_id: UUID
    workflow: str
    key: str
    mode: Mode
    number: int = 1
    may_be_done: bool = False
    timeout: timedelta = timedelta(seconds=30)
    path: str = ""


@dataclass(frozen=True)
class Action:
    """What `hub check`, the engine and the pages know of one action (language, chapter 18).

    Without a `function` it is declared only: known, but not implemented yet. `destination_inputs`:
    where it goes, by the path of the input (`to`, `contacts.phone`; lists are walked through).
    `reads_effects`: a read that asks about what an effect of ours made, such as a call.
    `texted_input`: the input with the number that gets a text message, which is not called for one
    that opted out. The result's `sid` is kept, so that reports about the message find it.
    `mailed_input`: the same with an address, which mails came back from or are not wanted at.
    `template_inputs` stand in a file of `templates/`, `file_or_text_inputs` there or in the step.
    `example_id`: what in the example names what was made; simulated, each thing has its own.
    """

    name: str
    summary: str
    function: Callable[..., Any] | None
    effect: Effect
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    errors: tuple[str, ...]
    example: Mapping[str, Any]
    services: tuple[Parameter, ...] = ()
    inputs: tuple[Parameter, ...] = ()
    outward: bool = False
    timeout: timedelta = timedelta(seconds=30)
    secret_inputs: tuple[str, ...] = ()
    literal_inputs: tuple[str, ...] = ()
    template_inputs: tuple[str, ...] = ()
    destination_inputs: Mapping[str, DestinationKind] = field(default_factory=dict)
    reads_effects: bool = False
    texted_input: str | None = None
    mailed_input: str | None = None
    file_or_text_inputs: tuple[str, ...] = ()
    example_id: str | None = None

    def simulated_result(self, key: str) -> dict[str, Any]:
        """The example; what was not made for this key has an id that nothing else has (X13)."""
        if self.example_id is None:
            return dict(self.example)
        own = f"{self.example_id}_{sha256(key.encode()).hexdigest()[:16]}"
        return {
            name: value.replace(self.example_id, own) if isinstance(value, str) else value
            for name, value in self.example.items()
        }

    @property
    def is_implemented(self) -> bool:
        """Whether it can be done; else it is declared only."""
        return self.function is not None

    def call(self, services: Mapping[type, Any], given: Mapping[str, Any]) -> Any:
        """Do it: `given` are the inputs in JSON form, the result is in JSON form too.

        Raises what the function raises, and `Permanent` `not_implemented` where there is none; a
        service that is not in `services` is a `KeyError`.
        """
        if self.function is None:
            raise Permanent("not_implemented", f"{self.name} has no implementation yet")
        arguments = {
            parameter.name: parameter.read(given[parameter.key])
            for parameter in self.inputs
            if parameter.key in given
        }
        provided = [services[parameter.annotation] for parameter in self.services]
        result = self.function(*provided, **arguments)
        return {} if result is None else to_json(result)

    def declaration(self) -> dict[str, Any]:
        """The signature in the form of `hub actions --json`."""
        return {
            "summary": self.summary,
            "implemented": self.is_implemented,
            "input": dict(self.input_schema),
            "output": dict(self.output_schema),
            "effect": self.effect,
            "errors": list(self.errors),
            "example": dict(self.example),
            "outward": self.outward,
            "timeout_seconds": self.timeout.total_seconds(),
            "secret_inputs": list(self.secret_inputs),
            "literal_inputs": list(self.literal_inputs),
            "template_inputs": list(self.template_inputs),
            "file_or_text_inputs": list(self.file_or_text_inputs),
            "destination_inputs": list(self.destination_inputs),
        }


def action(
    name: str,
    *,
    effect: Effect,
    example: Mapping[str, Any],
    errors: Sequence[str] = (),
    outward: bool = False,
    timeout: timedelta = timedelta(seconds=30),
    secret_inputs: Sequence[str] = (),
    literal_inputs: Sequence[str] = (),
    template_inputs: Sequence[str] = (),
    destination_inputs: Mapping[str, DestinationKind] | None = None,
    reads_effects: bool = False,
    texted_input: str | None = None,
    mailed_input: str | None = None,
    file_or_text_inputs: Sequence[str] = (),
    example_id: str | None = None,
) -> Callable[[Function], Function]:
    """Mark a function as the action `name`; its docstring's first line is the summary.

    `example` is a valid output: what tests and the mode `simulate` give back.
    """

    def mark(function: Function) -> Function:
        services, inputs = parameters(function)
        declared = Action(
            name=name,
            summary=(function.__doc__ or "").strip().partition("\n")[0].rstrip("."),
            function=function,
            effect=effect,
            input_schema=input_schema(inputs),
            output_schema=output_schema(function),
            errors=tuple(errors),
            example=dict(example),
            services=services,
            inputs=inputs,
            outward=outward,
            timeout=timeout,
            secret_inputs=tuple(secret_inputs),
            literal_inputs=tuple(literal_inputs),
            template_inputs=tuple(template_inputs),
            destination_inputs=dict(destination_inputs or {}),
            reads_effects=reads_effects,
            texted_input=texted_input,
            mailed_input=mailed_input,
            file_or_text_inputs=tuple(file_or_text_inputs),
            example_id=example_id,
        )
        _check_destinations(declared)
        setattr(function, _MARK, declared)
        return function

    return mark


def declare(
    name: str,
    *,
    summary: str,
    takes: type,
    gives: type,
    effect: Effect,
    example: Mapping[str, Any],
    errors: Sequence[str] = (),
    outward: bool = False,
    timeout: timedelta = timedelta(seconds=30),
    secret_inputs: Sequence[str] = (),
    literal_inputs: Sequence[str] = (),
    template_inputs: Sequence[str] = (),
    destination_inputs: Mapping[str, DestinationKind] | None = None,
    reads_effects: bool = False,
) -> Action:
    """The action `name` before anybody implemented it: its signature, and no function.

    `takes` and `gives` are frozen dataclasses: what stands under `with:`, and the result.
    """
    declared = Action(
        name=name,
        summary=summary,
        function=None,
        effect=effect,
        input_schema=schema_of(takes),
        output_schema=schema_of(gives),
        errors=tuple(errors),
        example=dict(example),
        outward=outward,
        timeout=timeout,
        secret_inputs=tuple(secret_inputs),
        literal_inputs=tuple(literal_inputs),
        template_inputs=tuple(template_inputs),
        destination_inputs=dict(destination_inputs or {}),
        reads_effects=reads_effects,
    )
    _check_destinations(declared)
    return declared


def _check_destinations(action: Action) -> None:
    """Raises `TypeError` for a destination that the gate would look for in vain (D10)."""
    for path in action.destination_inputs:
        schema: Any = action.input_schema
        for name in path.split("."):
            while schema.get("type") == "array":
                schema = schema["items"]
            if name not in schema.get("properties", {}):
                raise TypeError(f"{action.name} has no input {path}: no destination is there")
            schema = schema["properties"][name]
    heads = {path.partition(".")[0] for path in action.destination_inputs}
    for parameter in action.inputs:
        has_default = parameter.default is not REQUIRED and parameter.default is not None
        if parameter.key in heads and has_default:  # the gate sees what the workflow gives
            raise TypeError(f"{action.name}: its destination {parameter.key} cannot have a default")


def actions_of(module: ModuleType) -> list[Action]:
    """The marked functions of a module and what it declares, in the order of their names."""
    found = [_action_of(value) for value in vars(module).values()]
    return sorted((each for each in found if each is not None), key=lambda each: each.name)


def _action_of(value: object) -> Action | None:
    if isinstance(value, Action):
        return None if value.is_implemented else value  # a name for a marked function, else
    found: Action | None = getattr(value, _MARK, None)
    return found
