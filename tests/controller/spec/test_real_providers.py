"""The design's example, judged with the providers that trueup brings along, by the loader and by the schema for editors."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry as NoNetwork

from controller.registry import Registry
from controller.spec.load import check_specs, load_specs
from controller.spec.schemas import schemas
from controller.spec.starter import STARTER
from controller.spec.yaml import parse

SPEC = """\
# yaml-language-server: $schema=../schemas/trueup.json
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: cardskipper
  config:
    url: https://api.cardskipper.se
    organizationId: 123
    username: {env: CARDSKIPPER_USERNAME}
    password: {env: CARDSKIPPER_PASSWORD}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: ids}
spec:
  provider: csv
  config:
    path: ids.csv
    record: table
    key: email
    map: {email: E-post, employee_no: {column: Nr, type: string}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: hikvision
  config:                                        # the provider's own words
    url: http://192.168.1.100
    username: admin
    password: {env: IVMS_PASSWORD}
    timezone: Europe/Stockholm
  people:                                        # a list: several sources may feed one door
    - from: members
      match: {source: ids, on: "{email}", take: employee_no}
      where: {active: true}                      # equals | in | not | exists | lt/lte/gt/gte | any
      key: "{employee_no}"
      name: ["{first_name} {last_name}", "{full_name}"]
      valid: {from: "{valid_from}", until: "{valid_until}", whenMissing: refuse}
      doors: [{door: 1, plan: 1}]
      manage: [person]                           # or [valid]: only validity of persons that are already there
  policy:                                        # the engine's words, the same for every kind
    onRemoval: expire
    pace: 1s
    limits: {revoke: 30%, grant: 30%}
---
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec: {timezone: Europe/Stockholm}
"""
OWN = Registry(discover=lambda group: ())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(SPEC)
    return path


def test_the_design_s_example_loads(file: Path) -> None:
    specs = load_specs([file], OWN)
    assert [str(r.address) for r in specs.resources] == ["Source/members", "Source/ids", "Device/front-door"]


@pytest.mark.parametrize("text", [SPEC, *(text for name, text in STARTER.items() if name.endswith(".yaml"))])
def test_the_schema_takes_what_the_loader_takes(text: str) -> None:
    validator = Draft202012Validator(schemas(OWN)["trueup.json"], registry=NoNetwork())
    problems = [error.message for document in parse(text).documents for error in validator.iter_errors(document.data)]
    assert problems == []


def test_a_list_field_fills_a_template_of_lists_alone(file: Path) -> None:
    cards = "manage: [person, card]\n      cards: [{}]"
    joined = SPEC.replace("take: employee_no}", "take: [employee_no, tokens]}")
    joined = joined.replace("employee_no: {column", "tokens: {type: strings}, employee_no: {column")
    file.write_text(joined.replace("manage: [person] ", cards.format('"{employee_no}", "{tokens}"')))
    assert check_specs([file], OWN)[1] == []
    file.write_text(joined.replace("manage: [person] ", cards.format('"{employee_no}", "x{tokens}"')))
    (problem,) = check_specs([file], OWN)[1]
    assert (problem.code, problem.path) == ("template-field", "spec.people[0].cards[1]")


def test_what_a_source_objects_to_stands_at_its_config(file: Path) -> None:
    file.write_text(SPEC.replace("    key: email\n", ""))
    (problem,) = check_specs([file], OWN)[1]
    assert (problem.code, problem.path, problem.place.line) == ("provider", "spec.config", 18)


def test_a_zone_that_does_not_exist_is_told_once(file: Path) -> None:
    text = SPEC.replace("    organizationId: 123\n", "    organizationId: 123\n    timezone: Mars\n")
    file.write_text(text)
    (problem,) = check_specs([file], OWN)[1]
    assert problem.code == "unknown-timezone"


def test_make_schemas_writes_what_the_models_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["schemas", str(tmp_path)])
    monkeypatch.delitem(sys.modules, "controller.spec.schemas")
    runpy.run_module("controller.spec.schemas", run_name="__main__")
    assert json.loads((tmp_path / "trueup.json").read_text()) == schemas(OWN)["trueup.json"]
