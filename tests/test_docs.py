"""The documentation as a test: complete, up to date, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from hub.bootstrap.actions import all_actions
from hub.cli import main
from hub.cli.entrance import EXAMPLE
from hub.config import VARIABLES
from hub.engine.finding_codes import CODES
from hub.engine.language.project import DESTINATIONS, HUB
from hub.ingest.dialects import DIALECTS
from hub.ingest.openapi import openapi
from hub.ingest.signatures import AUTH_TYPES
from hub.metrics.catalogue import CATALOGUE
from tests import callers, documents, readme

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
BAD_INPUT = {400, 401, 404, 405, 408, 413, 415, 422, 503}  # the hub's own refusals


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def test_the_made_parts_of_the_pages_are_up_to_date():
    old = [path.name for path, text in documents.pages() if path.read_text("utf-8") != text]

    assert old == [], "write them anew: python -m tests.documents"


def test_every_variable_of_the_environment_is_documented():
    configuration = page("configuration")

    assert [each.name for each in VARIABLES if f"`{each.name}`" not in configuration] == []


def test_every_key_of_hub_yaml_and_every_way_to_prove_oneself_is_documented():
    configuration = page("configuration")

    wanted = [*HUB.names, *DESTINATIONS.names, *AUTH_TYPES]
    assert [word for word in wanted if f"`{word}`" not in configuration] == []


def test_every_command_has_an_example_in_its_help():
    without = [
        " ".join(words)
        for words, command in documents.every_command()
        if not hasattr(command, "commands") and EXAMPLE not in (command.epilog or "")
    ]

    assert without == []


def test_every_command_is_in_the_readme_and_on_its_page():
    commands, text = page("commands"), (ROOT / "README.md").read_text("utf-8")
    names = [" ".join(words) for words, _ in documents.every_command()]

    assert [name for name in names if f"## {name}\n" not in commands] == []
    assert [name for name in main.commands if f"`hub {name}" not in text] == []


def test_every_action_and_its_errors_are_documented():
    actions = page("actions")

    for action in all_actions().values():
        assert f"## {action.name}\n" in actions
        assert [code for code in action.errors if f"`{code}`" not in actions] == []


def test_every_dialect_is_documented():
    workflows = page("workflows")

    assert [name for name in DIALECTS if f"`{name}`" not in workflows] == []


def test_every_dialect_has_its_row_in_the_table_of_callers_and_a_test_of_its_samples():
    told = {row[1].strip("`") for row in callers.rows()}

    assert told == set(DIALECTS.own)
    for name in DIALECTS.own:
        path, _, test = callers.PLAYED[name].partition("::")
        assert f"\ndef {test}(" in (ROOT / path).read_text("utf-8"), name


def test_the_usual_auth_of_every_caller_is_a_type_that_hub_yaml_knows():
    told = {name: dialect.default_auth for name, dialect in DIALECTS.own.items()}

    assert {name: auth for name, auth in told.items() if auth not in AUTH_TYPES} == {}


def test_every_status_that_callers_get_is_documented():
    rows = set(re.findall(r"\b([2-5]\d\d)\b(?=[^|]*\|)", page("workflows")))
    document = openapi(readme.project(ROOT), "https://hub.example.com")
    operations = [one for path in document["paths"].values() for one in path.values()]
    told = {status for one in operations for status in one["responses"] if status.isdigit()}

    assert {str(status) for status in BAD_INPUT} <= rows
    assert told <= rows


def test_every_finding_of_the_checker_has_a_meaning():
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "hub").rglob("*.py"))
    used = set(re.findall(r"HUB([1-7]\d\d)\b", source))
    used |= set(re.findall(r"(?:finding|refuse|warn|complain)\(\s*([1-6]\d\d),", source))

    assert sorted(code for code in used if int(code) not in CODES) == []


def test_every_metric_is_on_its_page_and_every_alert_asks_for_one_that_exists():
    told = set(re.findall(r"\bhub_[a-z_]+", page("metrics")))
    rules = (DOCS / "alerts.yaml").read_text("utf-8")
    alerts = YAML(typ="safe").load(rules)["groups"]
    expressions = [rule["expr"] for group in alerts for rule in group["rules"]]
    asked = {name for each in expressions for name in re.findall(r"\bhub_[a-z_]+", each)}
    shown = {f"{name}{end}" for name in CATALOGUE for end in ("", "_bucket", "_count", "_sum")}

    assert set(CATALOGUE) - told == set()
    assert (told | asked) - shown == set()
    for rule in (rule for group in alerts for rule in group["rules"]):
        assert rule["annotations"].keys() == {"summary", "description"}
        assert f"`{rule['alert']}`" in page("metrics")


def test_K_25_failing_requests_ring_and_the_alarm_names_the_way_back():
    (alarms,) = YAML(typ="safe").load((DOCS / "alerts.yaml").read_text("utf-8"))["groups"]
    told = {rule["alert"]: rule for rule in alarms["rules"]}

    for name in ("HubErrorRate", "HubServerErrors"):
        assert "hub_requests_total" in told[name]["expr"]
    assert told["HubErrorRate"]["labels"] == {"severity": "page"}
    assert "Going back" in told["HubErrorRate"]["annotations"]["description"]
    assert "\n## Going back\n" in page("when-things-go-wrong")


def test_X40_no_page_claims_more_than_what_was_proved():
    claims = re.compile(r"production[ -]ready|zero[ -]risk|bullet-?proof|battle-tested|never fails")
    pages = [ROOT / "README.md", *DOCS.glob("*.md")]

    assert [each.name for each in pages if claims.search(each.read_text("utf-8").lower())] == []
    assert re.findall(r"^\| D2 \|.*", page("guarantees"), re.MULTILINE)  # beside its figures


def test_labels_of_alerts_are_labels_of_their_metrics():
    expressions = re.findall(r"(hub_[a-z_]+)\{([^}]*)\}", (DOCS / "alerts.yaml").read_text("utf-8"))
    metrics = {re.sub(r"_(bucket|count|sum)$", "", name): given for name, given in expressions}

    for name, given in metrics.items():
        labels = set(re.findall(r"(\w+)\s*[=!]", given))
        assert labels <= {*CATALOGUE[name].labels, "le"}, name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(path: Path):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))

    inner = [link for link in links if "://" not in link]
    assert [link for link in inner if not (path.parent / link).exists()] == []


# --------------------------------------------------------------------------------------- the readme


def test_the_two_commands_stand_at_the_top_of_the_readme():
    top = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:6])

    assert "make run" in top
    assert "make test" in top


def test_the_nine_files_of_the_path_are_there():
    found = re.findall(r"^\d\. \[(hub/[^\]]+)\]", readme.text(), re.MULTILINE)

    assert len(found) == 9
    assert [name for name in found if not (ROOT / name).is_file()] == []


_CHECK = "hub check workflows/callback-request.yaml"


def _check(project: Path, *options: str) -> Result:
    """What the README says to type, in a project elsewhere."""
    *words, file = _CHECK.split()[1:]
    return CliRunner().invoke(
        main, ["--project", str(project), *words, str(project / file), *options]
    )


def test_the_example_of_the_readme_has_no_mistakes(tmp_path: Path):
    readme.write_example(tmp_path)

    done = _check(tmp_path, "--strict")

    assert done.output == readme.shown(_CHECK)[0]
    assert done.exit_code == 0


def test_the_planted_mistakes_of_the_readme_are_told_as_it_says(tmp_path: Path):
    readme.write_example(tmp_path)
    file = tmp_path / "workflows" / "callback-request.yaml"
    text = file.read_text("utf-8")
    for written, meant in readme.MISTAKES.items():
        assert text.count(written) == 1
        text = text.replace(written, meant)
    file.write_text(text, "utf-8")

    done = _check(tmp_path)

    assert done.output == readme.shown(_CHECK)[1]
    assert done.exit_code == 1


def test_each_picture_is_light_and_shown_by_a_page():
    pages = page("console") + page("booking-sessions")
    pictures = sorted((DOCS / "pictures").glob("*"))

    assert pictures
    for each in pictures:
        assert f"](pictures/{each.name})" in pages
        assert each.stat().st_size <= 150_000, each.name  # bytes; `make pictures`
