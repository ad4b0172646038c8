"""What hub.yaml says about a language model, and what follows where it says nothing. Pure."""

from __future__ import annotations

from hub.connectors.connections import ConnectionSettings, ConnectionType, Field
from hub.errors import Permanent

LIMIT_FIELDS = ("max_tokens", "max_completion_tokens")
FORMATS = ("json_schema", "json_object", "none")
_MOST_TOKENS = 1000

LLM = ConnectionType(
    name="llm",
    title="Language model behind an endpoint that speaks OpenAI's chat completions",
    actions=("llm.text", "llm.extract"),
    credentials=(Field("api_key", "API key, where the service wants one", required=False),),
    options=(
        Field("model", "the model, where the step names none", required=False),
        Field("max_tokens", "the longest answer, where the step names none: 1000", required=False),
        Field(
            "limit_field",
            "how the service calls that: max_tokens (default) or max_completion_tokens",
            required=False,
        ),
        Field(
            "structured",
            "how an answer is held to a schema: json_schema (default), json_object, or none",
            required=False,
        ),
    ),
    base_url=Field("base_url", "default https://api.openai.com/v1", required=False),
)


def model_of(settings: ConnectionSettings, model: str | None) -> str:
    """The model of a step, else of the connection; raises `Permanent("not_configured")`."""
    name = model or settings.options.get("model")
    if not name:
        raise Permanent(
            "not_configured",
            f"no model: give the step a model, or the connection {settings.name} an options.model",
        )
    return name


def most_tokens(settings: ConnectionSettings, wanted: int | None) -> int:
    """How long an answer may be, in tokens; raises `Permanent("invalid_input")`."""
    written = str(wanted if wanted is not None else settings.options.get("max_tokens", ""))
    if not written:
        return _MOST_TOKENS
    if not (written.isascii() and written.isdecimal() and int(written) > 0):
        raise Permanent("invalid_input", "max_tokens is not a number of 1 or more")
    return int(written)


def chosen(settings: ConnectionSettings, option: str, known: tuple[str, ...]) -> str:
    """An option that has one of these values, by default the first; raises `Permanent`."""
    value = settings.options.get(option, known[0])
    if value not in known:
        raise Permanent(
            "not_configured",
            f"the connection {settings.name}: options.{option} may be {', '.join(known)}",
        )
    return value
