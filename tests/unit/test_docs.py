"""The pages for readers name nothing that does not exist: links, commands and their options, settings, metrics."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from prometheus_client import generate_latest
from typer.main import get_command

from schemas.batch import Outcome
from services.cli.main import app
from services.stream.hidden import NONE
from services.stream.metrics import Metrics
from services.stream.settings import Settings, variable

_ROOT = Path(__file__).parents[2]
_PAGES = sorted(
    [_ROOT / "README.md", _ROOT / "CHANGELOG.md", *_ROOT.glob("docs/**/*.md"), _ROOT / "gazetteer/samples/README.md"]
)
# Beside the pages: whatever else tells users of commands and variables.
_SPEAKERS = [
    *_PAGES,
    _ROOT / "schemas/asyncapi.yaml",
    _ROOT / "docker-compose.yml",
    *sorted((_ROOT / "services/cli").glob("*.py")),
]
_OPERATIONS = (_ROOT / "docs/operations.md").read_text(encoding="utf-8")


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{_name(page)}: {link}"
        if anchor:
            assert anchor in _anchors(target), f"{_name(page)}: {link}"


@pytest.mark.parametrize("page", _SPEAKERS, ids=_name)
def test_every_command_exists_and_has_the_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words, rest in re.findall(r"\bdiachi ((?:[a-z]+(?:-[a-z]+)*\b ?)+)([^`\n]*)", text):
        command: Any = get_command(app)
        said = words.split()
        while said and hasattr(command, "commands"):
            assert said[0] in command.commands, f"{_name(page)}: diachi {words}"
            command = command.commands[said.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        if page.suffix == ".md":
            named = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest))
            assert named <= known, f"{_name(page)}: diachi {words}{rest}"


def _rows(heading: str) -> dict[str, str]:
    """The first cell of each row of the table with this header, without quotes, and the second one."""
    table = _OPERATIONS.partition(heading)[2].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0].strip("`"): row[1].strip("`") for row in cells}


def test_the_table_of_settings_is_that_of_the_code() -> None:
    defaults = {variable(each.name): each.default for each in fields(Settings)}
    shown = {name: "none" if default in ("", NONE) else str(default) for name, default in defaults.items()}
    assert _rows("| variable | default |") == shown


@pytest.mark.parametrize("page", _SPEAKERS, ids=_name)
def test_every_variable_is_a_setting(page: Path) -> None:
    named = set(re.findall(r"\bDIACHI_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))
    assert named <= {variable(name) for name in Settings.__struct_fields__}


def _metrics() -> set[str]:
    exposed = generate_latest(Metrics("docs").registry).decode()
    return set(re.findall(r"^# TYPE (\S+)", exposed, re.MULTILINE))


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_every_metric_is_exposed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    kinds = "diachi|process" if sys.platform.startswith("linux") else "diachi"  # no /proc, no metrics of the process
    assert set(re.findall(rf"`((?:{kinds})_\w+)", text)) <= _metrics()
    outcomes = {outcome.value for outcome in Outcome}
    assert set(re.findall(r"outcome=\"(\w+)\"", text)) <= outcomes


def test_the_table_of_outcomes_names_each() -> None:
    table = (_ROOT / "README.md").read_text(encoding="utf-8").partition("| outcome |")[2].split("\n\n")[0]
    named = {line.strip("|").split("|")[0].strip().replace(" ", "_") for line in table.splitlines()[2:]}
    assert named == {outcome.value for outcome in Outcome}
