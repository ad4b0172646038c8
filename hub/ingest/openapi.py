"""What callers may read about the endpoints: OpenAPI 3.1, and a voice vendor's tool definition.

Made from the workflows, never written by hand (chapter 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hub.engine.project import Project
from hub.engine.settings import AuthPreset
from hub.engine.statuses import statuses_of
from hub.engine.workflow import Accepted, Dedupe, Endpoint, RateLimit, ValueField, Within, Workflow
from hub.errors import NotPossible
from hub.ingest.dialects import DIALECTS, Dialect
from hub.ingest.rate_limits import in_words

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "instance": {"type": "string", "description": "The id of the request"},
        "errors": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
                "required": ["pointer", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "instance"],
}
_ACCEPTED = {
    "type": "object",
    "properties": {"status": {"const": "accepted"}, "run_id": {"type": "string", "format": "uuid"}},
    "required": ["status", "run_id"],
}


_PROBLEM_CONTENT = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
}
_PLAIN = {"json", "form"}  # dialects that answer as the workflow says, status and body
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}}
}
_ALLOWED_ORIGIN = {
    "Access-Control-Allow-Origin": {
        "description": "The origin of the page that asks, if the endpoint names it in `cors`",
        "schema": {"type": "string", "format": "uri"},
    }
}
_COMPUTED = ("2XX", "3XX", "4XX", "5XX")


def openapi(project: Project, public_url: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of all enabled endpoints that are served."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM, "Accepted": _ACCEPTED}
    for name, workflow in sorted(project.served.items()):
        endpoint = workflow.trigger
        if not isinstance(endpoint, Endpoint) or not workflow.is_enabled:
            continue
        if endpoint.payload_schema is not None:
            schemas[name] = _moved(endpoint.payload_schema, f"#/components/schemas/{name}")
        operations = paths.setdefault(endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(name, workflow, endpoint)
    presets = sorted(project.settings.auth.items())
    return {
        "openapi": "3.1.0",
        "info": {"title": "Webhook Hub", "version": installed_version()},
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {name: _security(preset) for name, preset in presets},
        },
    }


def vapi_tool(workflow: Workflow, public_url: str) -> dict[str, Any]:
    """The function tool to create at Vapi (H-28); raises `NotPossible` for other workflows."""
    endpoint = workflow.trigger
    if not isinstance(endpoint, Endpoint) or endpoint.dialect != "vapi.tool":
        raise NotPossible(f"{workflow.name} is no workflow with `dialect: vapi.tool`")
    schema = endpoint.payload_schema or {"type": "object", "properties": {}}
    return {
        "type": "function",
        "async": False,
        "function": {
            "name": endpoint.tool,
            "description": (workflow.description or workflow.title)[:1000],
            "parameters": _for_models(schema),
        },
        "server": {"url": f"{public_url}{endpoint.path}"},
    }


def installed_version() -> str:
    """The installed version; a tree that is not installed has none."""
    try:
        return version("webhook-hub")
    except PackageNotFoundError:
        return "0"


def _operation(name: str, workflow: Workflow, endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": workflow.title,
        "responses": _responses(workflow, endpoint),
        "security": [] if endpoint.auth == "public" else [{endpoint.auth: []}],
    }
    if workflow.description:
        operation["description"] = workflow.description
    if workflow.tags:
        operation["tags"] = list(workflow.tags)
    parameters = [
        *(_parameter(field, "path") for field in endpoint.params),
        *(_parameter(field, "query") for field in endpoint.query),
    ]
    if endpoint.dialect in _PLAIN and endpoint.method not in {"GET", "DELETE"}:
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.method not in {"GET", "DELETE"}:
        operation["requestBody"] = _request_body(name, endpoint)
    return operation


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _parameter(field: ValueField, place: str) -> dict[str, Any]:
    is_required = place == "path" or not (field.is_optional or field.default is not None)
    return {"name": field.name, "in": place, "required": is_required, "schema": dict(field.schema)}


def _request_body(name: str, endpoint: Endpoint) -> dict[str, Any]:
    dialect = DIALECTS[endpoint.dialect]
    schema: dict[str, Any] = {}
    if endpoint.payload_schema is not None:
        schema = {"$ref": f"#/components/schemas/{name}"}
    if dialect.is_tool:
        members: dict[str, Any] = {name: {} for name in dialect.envelope}
        envelope = {"type": "object", "required": [*members], "properties": members}
        schema = {"anyOf": [schema, envelope]}
    elif dialect.name not in _PLAIN:
        schema = {"description": f"As {dialect.name} sends it"}
    return {
        "required": dialect.needs_body(endpoint.payload_schema),
        "content": {each: {"schema": schema} for each in dialect.media_types},
    }


def _responses(workflow: Workflow, endpoint: Endpoint) -> dict[str, Any]:
    """Every status that the operation can give, and no other."""
    found = _refusals(endpoint)
    for status, description in _answers(workflow, endpoint).items():
        refused = found.get(status, {"description": "", "content": {}})
        found[status] = {
            **refused,
            "description": ". ".join(filter(None, (refused["description"], description))),
            "content": {**refused["content"], **_answer_content(endpoint, status)},
        }
    if endpoint.cors is not None:
        found = {status: _readable_by_pages(told) for status, told in found.items()}
    return dict(sorted(found.items()))


def _answers(workflow: Workflow, endpoint: Endpoint) -> dict[str, str]:
    """What is said of a request that is stored, by status."""
    respond = endpoint.respond
    is_plain = endpoint.dialect in _PLAIN
    if not (is_plain or DIALECTS[endpoint.dialect].tells_status):
        # Whoever only reports hears one status, whatever the workflow says.
        stored = {str(DIALECTS[endpoint.dialect].answers_with): "Stored"}
        return {**stored, **({"200": "The answer to a handshake"} if _greets(endpoint) else {})}
    found: dict[str, str] = {} if is_plain else {"200": "The answer of the call"}
    if isinstance(respond, Within):
        statuses = statuses_of(workflow)
        known = _COMPUTED if statuses is None else map(str, statuses)
        found.update(dict.fromkeys(known, "The answer of the run"))
    if isinstance(respond, Accepted) or (endpoint.dedupe and _is_told_again(endpoint.dedupe)):
        found["202"] = "Stored; the run goes on by itself"
    if not isinstance(respond, Accepted):
        found.setdefault(str(respond.status), "Stored; the run goes on by itself")
    return found


def _greets(endpoint: Endpoint) -> bool:
    """Whether its callers come with a handshake first."""
    return type(DIALECTS[endpoint.dialect]).greet is not Dialect.greet


def _is_told_again(dedupe: Dedupe) -> bool:
    return dedupe.on_duplicate == "accept"


def _answer_content(endpoint: Endpoint, status: str) -> dict[str, Any]:
    if isinstance(endpoint.respond, Accepted) and status == "202":
        return {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}}
    if _greets(endpoint) and status == "200":
        return {"text/plain": {"schema": {"type": "string"}}}
    answer = DIALECTS[endpoint.dialect].answers_in
    return {} if status == "204" and endpoint.dialect not in _PLAIN else {answer: {"schema": {}}}


def _refusals(endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """Every refusal that the endpoint can give, as a problem document."""
    told = {
        "400": "The request cannot be read",
        "408": "The request was not received in time",
        "413": "The body is too large",
        "415": "The body has another media type, or another charset than UTF-8",
        "422": "The request does not fit what the endpoint takes",
    }
    if endpoint.auth != "public":
        told["401"] = "The credentials are missing, wrong or too old"
    if endpoint.params:
        told["404"] = "There is no such address"
    if endpoint.dedupe is not None and endpoint.dedupe.on_duplicate == "reject":
        told["409"] = "The request was made before"
    found: dict[str, dict[str, Any]] = {
        status: {"description": text, "content": _PROBLEM_CONTENT} for status, text in told.items()
    }
    found["503"] = {
        "description": "The request cannot be stored now; try again after Retry-After",
        "headers": _RETRY_AFTER,
        "content": _PROBLEM_CONTENT,
    }
    if endpoint.rate_limit is not None:
        found["429"] = _too_many(endpoint.rate_limit)
    return found


def _readable_by_pages(told: dict[str, Any]) -> dict[str, Any]:
    """A response with the header by which a browser hands it to the script of a page."""
    return {**told, "headers": {**told.get("headers", {}), **_ALLOWED_ORIGIN}}


def _too_many(limit: RateLimit) -> dict[str, Any]:
    description = f"More than {in_words(limit)}; try again after Retry-After"
    return {"description": description, "headers": _RETRY_AFTER, "content": _PROBLEM_CONTENT}


def _security(preset: AuthPreset) -> dict[str, Any]:
    if preset.type in {"bearer", "basic"}:
        return {"type": "http", "scheme": preset.type}
    if preset.type == "caller_key":
        return {"type": "http", "scheme": "bearer"}
    return {"type": "apiKey", "in": "header", "name": preset.header or "Authorization"}


def _moved(schema: Any, place: str) -> Any:
    """The same schema at another place of a document: its references follow."""
    if isinstance(schema, Mapping):
        return {
            word: _followed(value, place) if word == "$ref" else _moved(value, place)
            for word, value in schema.items()
            if word not in {"$schema", "$id"}
        }
    if isinstance(schema, list):
        return [_moved(each, place) for each in schema]
    return schema


def _followed(reference: Any, place: str) -> Any:
    is_local = isinstance(reference, str) and reference.startswith("#")
    return f"{place}{reference[1:]}" if is_local else reference


def _for_models(schema: Any) -> Any:
    """The schema without what only the hub reads."""
    if isinstance(schema, Mapping):
        return {
            word: _for_models(value)
            for word, value in schema.items()
            if word not in {"$schema", "$id", "title"} and not word.startswith("x-")
        }
    if isinstance(schema, list):
        return [_for_models(each) for each in schema]
    return schema
