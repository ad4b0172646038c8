"""Files of workflows and the expressions in them (S4, S5)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from bench.fuzz.target import Target, expect
from bench.processes import ROOT
from hub.engine.expressions import (
    OMIT,
    EvaluationError,
    ExpressionError,
    evaluate,
    infer,
    parse_expression,
    parse_template,
    render,
)
from hub.engine.finding_codes import CODES
from hub.engine.findings import render_text
from hub.engine.yaml_profile import MAX_BYTES, load, plain
from hub.values import decode, encode
from tests.unit.engine import order_project, small_project
from tests.unit.engine.damage import PIECES, VALUES, damaged, misplaced
from tests.unit.engine.expressions.expression_writer import Writer
from tests.unit.engine.expressions.test_expression_fuzz import ENV, SCOPE

_LARGEST_RESULT = 16 * 1024 * 1024
_LONGEST_EXPRESSION = 8 * 1024
_PROJECTS = {"order": order_project, "small": small_project}


# ------------------------------------------------------------------------------------------- YAML


def _check_yaml(case: bytes) -> None:
    document = load("flow.yaml", case)
    render_text(document.findings, {"flow.yaml": document.source.text})
    lines = document.source.text.split("\n")
    for finding in document.findings:
        expect(1 <= finding.line <= len(lines), "a finding outside the file")
        expect(int(finding.code.removeprefix("HUB")) in CODES, f"no such code: {finding.code}")
    if document.root is not None and not document.has_errors:
        encode(plain(document.root))


def _yaml_samples() -> list[bytes]:
    folders = (ROOT / "workflows", ROOT / "workflows" / "tests")
    files = [path for folder in folders for path in sorted(folder.glob("*.yaml"))]
    return [path.read_bytes() for path in (ROOT / "hub.yaml", *files)]


def _write_yaml(chance: Random) -> bytes:
    lines = []
    for _ in range(chance.randint(1, 30)):
        indent = "  " * chance.randint(0, chance.choice([2, 6, 40]))
        key = chance.choice(["a: ", "- ", "steps:", "b: |", "c: >-", "'d': ", "? ", "- - "])
        lines.append(f"{indent}{key}{chance.choice([*VALUES, *PIECES])}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


YAML = Target(
    "yaml",
    _check_yaml,
    _yaml_samples,
    _write_yaml,
    words=[each.encode("utf-8", "surrogatepass") for each in (*PIECES, *VALUES)],
    most=MAX_BYTES + 1,
)


# --------------------------------------------------------------------------------- whole projects


def _check_project(case: bytes) -> None:
    """A case names a project, a file of it, and holds the content of that file."""
    head, _, content = case.partition(b"\n")
    name, _, path = head.decode("latin-1").partition("/")
    project = _PROJECTS.get(name, order_project)
    path = path if path in project.FILES else min(project.FILES)
    text = content.decode("utf-8", "surrogateescape")
    files = {**project.FILES, path: text}
    lost = misplaced(project.load(files).findings, files)
    expect(not lost, f"not at a place of the file: {lost}")


def _project_case(name: str, path: str, text: str) -> bytes:
    return f"{name}/{path}\n".encode() + text.encode("utf-8", "surrogatepass")


def _project_samples() -> list[bytes]:
    return [
        _project_case(name, path, text)
        for name, project in _PROJECTS.items()
        for path, text in sorted(project.FILES.items())
    ]


def _write_project(chance: Random) -> bytes:
    """A file after accidents that know its lines and keys."""
    name = chance.choice(sorted(_PROJECTS))
    files: Mapping[str, str] = _PROJECTS[name].FILES
    path = chance.choice(sorted(files))
    return _project_case(name, path, damaged(files[path], chance))


PROJECTS = Target(
    "projects",
    _check_project,
    _project_samples,
    _write_project,
    words=[each.encode("utf-8", "surrogatepass") for each in (*PIECES, *VALUES)],
    most=MAX_BYTES,
)


# ------------------------------------------------------------------------------------ expressions


def _check_expression(case: bytes) -> None:
    text = case.decode("utf-8", "surrogatepass" if case.isascii() else "replace")
    try:
        expression = parse_expression(text)
        infer(expression, ENV)
        value = evaluate(expression, SCOPE)
        if value is not OMIT:
            stored = encode(value)
            expect(len(repr(stored)) <= _LARGEST_RESULT, "a result over 16 MiB")
            expect(decode(stored) == value, "is read back as another value")
    except (ExpressionError, EvaluationError) as refused:
        expect(0 <= refused.start <= refused.end <= len(text), "a mistake outside the text")
    try:
        render(parse_template(text), SCOPE)
    except (ExpressionError, EvaluationError):
        return


def _expression_samples() -> list[bytes]:
    written = [Writer(seed).any() for seed in range(60)]
    inside = [
        part.split("}}")[0].strip()
        for content in _yaml_samples()
        for part in content.decode().split("${{")[1:]
    ]
    return [each.encode() for each in (*written, *sorted(set(inside)))]


_WORDS = (
    *("payload.l", "payload.t", "payload.o", "payload.at", "now()", "'x'", "[1, 2]", "{'a': 1}"),
    *(" | upper", " | join(',')", " | split(',')", " | replace('a', 'bb')", " | from_json"),
    *(
        " | to_json",
        " | round(3)",
        " | date('%Y')",
        " | local",
        " | default(1)",
        " | map(attribute='a')",
    ),
    *(
        " ~ ",
        " + ",
        " * ",
        " ** ",
        " // ",
        " % ",
        " if ",
        " else ",
        " is set",
        " in ",
        "not ",
        "omit",
    ),
    *("${{ ", " }}", "(", ")", "[", "]", "-", "9223372036854775807", "1e308", "'\\u0000'", "omit"),
)


def _write_expression(chance: Random) -> bytes:
    if chance.random() < 1 / 2:
        return Writer(chance.randrange(2**32)).any().encode()
    return "".join(chance.choice(_WORDS) for _ in range(chance.choice([2, 6, 20, 300]))).encode()


EXPRESSIONS = Target(
    "expressions",
    _check_expression,
    _expression_samples,
    _write_expression,
    words=[each.encode() for each in _WORDS],
    most=_LONGEST_EXPRESSION,
)
