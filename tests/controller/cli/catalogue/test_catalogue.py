"""explain, schema and providers as somebody types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.cli.scaffold.writing import Scaffold
from controller.cli.schemas import all_schemas
from controller.registry import REGISTRY
from controller.sdk import PERSON, FieldType
from controller.sdk.where import check_where

Run = Callable[..., Any]
FIELDS = {
    **PERSON.fields,
    **{name: FieldType.BOOLEAN for name in ("active", "vip")},
    **{name: FieldType.STRINGS for name in ("roles", "tags")},
    "age": FieldType.INTEGER,
}


SCHEMAS = all_schemas()


def agrees(name: str, out: str) -> Any:
    document = json.loads(out)
    jsonschema.validate(document, json.loads(SCHEMAS[f"{name}.json"]))
    return document


@pytest.fixture
def broken_third_party(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    point = EntryPoint("acme", "acme_that_is_not_installed:PROVIDER", "trueup.providers")
    monkeypatch.setattr(REGISTRY, "_discover", lambda group: [point] if group == point.group else [])
    REGISTRY.__dict__.pop("_providers", None)
    yield
    REGISTRY.__dict__.pop("_providers", None)


def test_explain_tells_a_field_within_eighty_columns(trueup: Run) -> None:
    said = trueup("explain", "Device.spec.people", "--recursive")
    assert (said.code, said.err) == (0, "")
    assert "Device.spec.people  (hikvision)" in said.out and "from (text; must be written)" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    short = trueup("explain", "Device.spec.people")
    assert "trueup explain Device.spec.people --recursive" in short.out


def test_explain_shows_example_default_and_words(trueup: Run) -> None:
    out = trueup("explain", "Device.spec.policy.onRemoval").out
    assert "default: expire" in out and "one of: delete, expire, keep" in out
    out = trueup("explain", "Device.spec.people.manage").out
    assert "any of: person, card, face, valid" in out and "example: manage: [valid]" in out
    out = trueup("explain", "Source.spec.config.url").out
    assert out.count("Source.spec.config.url  (") == 4 and "--provider cardskipper" in out


def test_explain_answers_programs(trueup: Run) -> None:
    answers = agrees("explain", trueup("explain", "Source.spec.config.url", "-o", "json").out)["answers"]
    assert [answer["providers"] for answer in answers] == [["cardskipper"], ["csv", "json"], ["edge-function"], ["postgrest"]]
    [page] = agrees("explain", trueup("explain", "exit-codes", "-o", "json").out)["answers"]
    assert page["topic"]["type"] == "page"


def test_explain_alone_lists_the_kinds_and_a_word_has_a_page(trueup: Run) -> None:
    out = trueup("explain").out
    assert "Device: A terminal" in out and "hikvision" in out and "Webhook" not in out
    for word in ("exit-codes", "where", "templates", "secrets"):
        said = trueup("explain", word)
        assert said.code == 0 and word in out and max(map(len, said.out.splitlines())) <= 80
    assert "130  cancelled" in trueup("explain", "exit-codes").out


def test_the_conditions_that_the_page_shows_are_conditions(trueup: Run) -> None:
    import yaml

    lines = [line.split("where: ")[1] for line in trueup("explain", "where").out.splitlines() if "  where: " in line]
    conditions = [yaml.safe_load(line[: line.rindex("}") + 1]) for line in lines]
    assert len(conditions) == 6
    for condition in conditions:
        assert check_where(condition, FIELDS) == [], condition


def test_explain_of_a_wrong_path_says_what_was_meant(trueup: Run) -> None:
    said = trueup("explain", "Device.spec.peple")
    assert (said.code, said.out) == (1, "") and "Did you mean Device.spec.people?" in said.err


def test_schema_prints_the_one_for_all_specs_and_each_other(trueup: Run) -> None:
    assert trueup("schema").out == SCHEMAS["trueup.json"]
    for word, file in (
        ("Device.hikvision", "Device.hikvision"),
        ("device", "Device.hikvision"),
        ("csv", "Source.csv"),
        ("plan", "plan"),
    ):
        assert trueup("schema", word).out == SCHEMAS[f"{file}.json"]


def test_schema_of_a_word_that_means_nothing_or_several(trueup: Run) -> None:
    said = trueup("schema", "Source")
    assert said.code == 1 and "Source.cardskipper, Source.csv, Source.edge-function, Source.json" in said.err
    assert "Did you mean Device?" in trueup("schema", "Devcie").err
    assert "there is no schema 'xyzzy'.\n" in trueup("schema", "xyzzy").err


def test_schema_lists_and_writes_all(trueup: Run, tmp_path: Path) -> None:
    listed = {row["name"] for row in agrees("schema-list", trueup("schema", "--list", "-o", "json").out)["schemas"]}
    assert listed == {name.removesuffix(".json") for name in SCHEMAS}
    assert "Device.hikvision  " in trueup("schema", "--list").out
    said = trueup("schema", "--out", "made")
    assert said.code == 0 and "made/trueup.json" in said.err
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "made").iterdir()} == SCHEMAS


def test_providers_are_listed_with_where_they_come_from_and_none_is_loaded(trueup: Run, broken_third_party: None) -> None:
    rows = agrees("providers-list", trueup("providers", "list", "-o", "json").out)["providers"]
    assert {"name": "acme", "kind": "", "origin": "a third party", "simulator": False} in rows
    out = trueup("providers", "list").out
    assert "not loaded" in out and "comes with trueup " in out
    assert "acme" in trueup("explain").out


def test_a_provider_that_cannot_be_loaded_is_left_out_of_schemas_and_said_when_asked_for(
    trueup: Run, broken_third_party: None
) -> None:
    assert trueup("schema").out == SCHEMAS["trueup.json"]
    said = trueup("providers", "describe", "acme")
    assert said.code == 1 and "cannot be loaded" in said.err and "It comes with a third party" in said.err


@pytest.mark.parametrize("name", ["cardskipper", "csv", "hikvision", "json"])
def test_a_provider_is_described_whole(trueup: Run, name: str) -> None:
    said = trueup("providers", "describe", name)
    assert said.code == 0 and said.out.startswith(f"{name}: ") and max(map(len, said.out.splitlines())) <= 80
    facts = agrees("providers-describe", trueup("providers", "describe", name, "-o", "json").out)["provider"]
    assert facts["config"] and facts["keeps"]


# -- a new one ---------------------------------------------------------------------------------------------------------------

SHORT = "not (half_way or breaks_between or cannot_be_read) or instead"
"""One fault of each table of faults: the providers of this repository meet them all."""


@pytest.mark.timeout(120)
def test_new_providers_pass_the_contract_at_once(trueup: Run, tmp_path: Path) -> None:
    for name, role in (("door-box", "--target"), ("club", "--source")):
        said = trueup("providers", "new", name, role)
        assert said.code == 0 and "pip install -e" in said.err
    site = tmp_path / "site"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site)]
    called([*install, "./trueup-door-box", "./trueup-club"], tmp_path)
    tests = ["trueup-door-box/tests", "trueup-club/tests"]
    out = called(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--import-mode=importlib", *tests, "-k", SHORT], tmp_path
    )
    assert " passed" in out and "skipped" not in out
    told = called(["-c", "from controller.cli.app import run; run(['providers', 'list']); run(['schema', '--list'])"], tmp_path)
    assert "comes with trueup-club" in told and "comes with trueup-door-box" in told
    assert "Device.door-box" in told and "Source.club" in told


def called(arguments: list[str], folder: Path) -> str:
    """What a Python of its own says, which finds this repository and what was installed into ``site``."""
    path = f"{Path(__file__).parents[4]}:{folder / 'site'}"
    ran = subprocess.run([sys.executable, *arguments], cwd=folder, env={"PYTHONPATH": path}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("role", ["source", "target"])
def test_what_is_written_is_clean(role: Any, tmp_path: Path) -> None:
    for name, text in Scaffold("door-box", role).texts():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert re.search(r"@\w+@", text) is None, name
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", "--line-length", "132", "."]
    for command in (["check", "--select", "E,F,I,UP,B,SIM,RUF"], ["format", "--check"]):
        ran = subprocess.run([*ruff, *command, *options], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_new_provider_is_told_to_programs_and_goes_where_it_is_told(trueup: Run, tmp_path: Path) -> None:
    document = agrees("providers-new", trueup("providers", "new", "lockers", "--dir", "mine", "-o", "json").out)
    assert document["folder"] == "mine" and "mine/trueup_lockers/provider.py" in document["files"]
    assert all((tmp_path / name).is_file() for name in document["files"])


def test_nothing_is_ever_written_over(trueup: Run, tmp_path: Path) -> None:
    (tmp_path / "trueup-lockers").mkdir()
    (tmp_path / "trueup-lockers/notes.txt").write_text("mine")
    said = trueup("providers", "new", "lockers")
    assert said.code == 1 and "not empty; nothing was written" in said.err and "--dir" in said.err
    assert [path.name for path in (tmp_path / "trueup-lockers").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["Lockers", "9lives", "a b", "../up", "class", "-x-", "a--b"])
def test_a_name_that_cannot_be_is_refused(trueup: Run, tmp_path: Path, name: str) -> None:
    said = trueup("providers", "new", "--", name)
    assert said.code == 1 and "cannot name a provider" in said.err and list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(trueup: Run) -> None:
    said = trueup("providers", "new", "csv")
    assert said.code == 1 and "there is a provider 'csv' already; it comes with trueup" in said.err
