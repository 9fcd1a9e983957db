"""What holds for each command, also for those that are added later: help with an example, JSON with a version and a schema, quiet
that is quiet, errors that say what to do next.

A new command that needs words to run stands in WORDS; one that never writes data stands in SILENT (a
script for the shell is none).
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from controller.cli.app import make_app, run
from controller.cli.schemas import all_schemas
from controller.registry import load_simulator
from controller.sdk.loopback import serve_in_thread

Run = Callable[..., Any]
PASSWORD = "Door-12345"
SITE = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec:
  timezone: Europe/Stockholm
  rules: [{name: sundays, warn: somebody should look, when: {time: {days: [sun]}}}]
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config: {path: members.csv, record: person, key: employee_no}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door}
spec:
  provider: hikvision
  config: {url: URL, username: admin, password: {env: DOOR_PASSWORD}}
  people:
    - {from: members, key: "{employee_no}", name: "{full_name}", valid: {until: forever}, doors: [{door: 1, plan: 1}]}
  policy: {pace: 0, protect: [person/9]}
"""
SILENT = {"completion", "init", "secrets key", "secrets set", "secrets rm", "protections release", "state mv"}
SCHEMAS = {  # where the name of the document is not that of the command
    "apply": "run", "sync": "run", "destroy": "run", "schema": "schema-list", "rollback": "plan",
}  # fmt: skip
WORDS = {
    "apply": "--auto-approve",
    "sync": "Device/front-door",
    "destroy": "Device/front-door --auto-approve --allow revoke:Device/front-door=2",
    "explain": "Device.spec.people",
    "schema": "--list",
    "import": "Device/front-door --dry-run",
    "dump": "Device/front-door",
    "policy test": "plan.json",
    "try": "{full_name} --from members",
    "show": "latest",
    "diff": "RUN RUN",
    "rollback": "RUN",
    "state forget": "Device/front-door --auto-approve",
    "state restore": "backup.db --auto-approve",
    "state backup": "copy.db",
    "providers describe": "csv",
    "providers new": "library --source",
    "doctor": "--no-network",
}
LASTING = {"simulate", "watch", "dashboard", "serve"}  # they run until they are stopped


def leaves(command: click.Command, context: click.Context, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, click.Context(inner, info_name=name, parent=context), (*path, name))


APP = make_app()
COMMANDS = dict(leaves(APP, click.Context(APP, info_name="trueup")))
WITH_DATA = sorted(COMMANDS.keys() - SILENT)


def formats(command: click.Command) -> tuple[str, ...]:
    for parameter in command.params:
        if "--output" in parameter.opts and isinstance(parameter.type, click.Choice):
            return tuple(parameter.type.choices)
    return ()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_shows_an_example_that_begins_with_the_command(name: str) -> None:
    context = click.Context(COMMANDS[name], info_name=f"trueup {name}")
    text = COMMANDS[name].get_help(context)
    shown = text[text.find("Example") :]
    assert "Example" in text and f"trueup {name}" in " ".join(shown.split())
    assert all(len(line) <= 80 for line in text.splitlines()), "help fits a terminal"


@pytest.mark.parametrize("name", WITH_DATA)
def test_what_prints_data_prints_json_too(name: str) -> None:
    assert "json" in formats(COMMANDS[name]), "offer -o json, or stand in SILENT and write nothing to stdout"
    for properties in _properties(schema_of(name)):
        assert "format" in properties, "a document says its version"


def schema_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(all_schemas()[f"{SCHEMAS.get(name, name.replace(' ', '-'))}.json"])
    return found


def _properties(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of the document itself: msgspec puts it under $defs, several kinds of it under anyOf."""
    if "$ref" in schema:
        yield from _properties(schema["$defs"][schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _properties({**one, "$defs": schema["$defs"]})
    else:
        yield schema["properties"]


@pytest.mark.parametrize("name", sorted(SILENT & COMMANDS.keys()))
def test_what_prints_no_data_offers_no_format(name: str) -> None:
    assert formats(COMMANDS[name]) == ()


@dataclass(frozen=True)
class Prepared:
    """A door as declared, after one run; ``folder`` is to be copied, ``persons`` are what the door had then."""

    folder: Path
    terminal: Any
    persons: dict[str, Any]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("prepared")
    terminal = load_simulator("hikvision")({"password": PASSWORD, "serial": "A1", "timezone": "Europe/Stockholm"})
    with serve_in_thread([(terminal.app, 0)]) as (served,), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DOOR_PASSWORD", PASSWORD)
        patch.setattr(sys, "stdin", io.StringIO("a secret of nobody"))
        Path("specs").mkdir()
        Path("specs/site.yaml").write_text(SITE.replace("URL", served.url), encoding="utf-8")
        Path("specs/members.csv").write_text("employee_no,full_name\n1001,Åsa Öberg\n1002,Živa Čuk\n", encoding="utf-8")
        for words in ("secrets set spare", "plan --bootstrap --out plan.json", "apply --bootstrap --auto-approve"):
            assert run([*words.split(), "--quiet"]) == 0
        assert run(["state", "backup", "backup.db", "--quiet"]) == 0
        yield Prepared(folder, terminal, {key: terminal.persons[key] for key in terminal.persons})


@pytest.fixture
def site(prepared: Prepared, trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DOOR_PASSWORD", PASSWORD)
    shutil.copytree(prepared.folder, Path(), dirs_exist_ok=True)
    for key in [*prepared.terminal.persons]:
        prepared.terminal.remove_at_the_door(key)
    for person in prepared.persons.values():
        prepared.terminal.device.persons.put(person)
    return trueup


RUNNABLE = sorted(COMMANDS.keys() - SILENT - LASTING)


def words_of(name: str, trueup: Run) -> list[str]:
    """How to call it; a new command that needs words must stand in WORDS."""
    given = WORDS.get(name, "").split(" ") if name in WORDS else []
    if "RUN" in given:
        (only,) = (row["run"] for row in json.loads(trueup("history", "-o", "json").out)["runs"])
        given = [only if word == "RUN" else word for word in given]
    return [*name.split(), *given]


@pytest.mark.parametrize("name", RUNNABLE)
def test_quiet_json_is_one_document_and_nothing_else(name: str, site: Run) -> None:
    said = site(*words_of(name, site), "--quiet", "-o", "json")
    assert said.code in (0, 2, 5), said.err
    assert said.err == ""
    jsonschema.validate(json.loads(said.out), schema_of(name))


# Works although the specs are wrong, because it is not about them.
WITHOUT_SPECS = {
    "version", "explain", "schema", "providers list", "providers describe", "providers new", "doctor", "history", "show", "events",
    "diff", "state list", "state check", "state backup", "state restore", "state forget", "state unlock", "secrets list",
    "secrets rotate", "protections list", "status", "fmt", "completion",
}  # fmt: skip


@pytest.mark.parametrize("name", RUNNABLE)
def test_with_json_errors_are_talk_and_stdout_is_empty_or_a_document(name: str, site: Run) -> None:
    words = words_of(name, site)
    Path("specs/site.yaml").write_text("apiVersion: trueup/v1\nkind: Devise\n", encoding="utf-8")
    said = site(*words, "-o", "json")
    if said.out:
        json.loads(said.out)
    if said.code not in (0, 2, 5) and not said.out:
        assert re.search(r"^error: .+\n  -> .+", said.err, re.MULTILINE), said.err
    if name not in WITHOUT_SPECS:
        assert said.code == 3


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_wrong_option_says_where_to_look(name: str, trueup: Run) -> None:
    said = trueup(*name.split(), "--no-such-option")
    assert said.code == 1 and said.out == ""
    assert said.err.startswith("error: ") and f"-> to see how it is used: trueup {name} --help" in said.err
