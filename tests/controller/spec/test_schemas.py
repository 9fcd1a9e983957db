from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry as NoNetwork

from controller.registry import Registry
from controller.spec.load import check_specs
from controller.spec.render import render_json
from controller.spec.schemas import encode, schemas, write_schemas
from controller.spec.yaml import parse

REPOSITORY = Path(__file__).parents[3]


def test_the_schemas_in_the_repository_are_up_to_date() -> None:
    made = schemas(Registry(discover=lambda group: ()))
    stale = [name for name, schema in made.items() if (REPOSITORY / "schemas" / name).read_text("utf-8") != encode(schema)]
    assert stale == [], "run `make schemas`"


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, registry=NoNetwork())


CHANGES: list[tuple[str, str, str]] = [
    ("unknown key", "onRemoval: expire", "onRemovel: expire"),
    ("python's name of a key", "onRemoval: expire", "on_removal: expire"),
    ("unknown word", "onRemoval: expire", "onRemoval: explode"),
    ("wrong unit", "pace: 1s", "pace: 1 second"),
    ("no unit", "pace: 1s", "pace: 5"),
    ("no unit, broken number", "pace: 1s", "pace: 1.5"),
    ("share without percent", "revoke: 30%", "revoke: 0.3"),
    ("literal secret", "password: {env: IVMS_PASSWORD}", "password: hunter2"),
    ("two references", "password: {env: IVMS_PASSWORD}", "password: {env: A, file: B}"),
    ("missing key", "    username: admin\n", ""),
    ("unknown kind", "kind: Device", "kind: Door"),
    ("unknown provider", "provider: terminal", "provider: terminol"),
    ("provider of another kind", "provider: terminal", "provider: register"),
    ("wrong version", "apiVersion: trueup/v1", "apiVersion: trueup/v2"),
    ("bad name", "name: front-door", "name: Front Door"),
    ("number out of range", "door: 1,", "door: 9,"),
    ("no list", "doors: [{door: 1, plan: 1}]", "doors: 1"),
    ("no people", "  people:", "  persons:"),
    ("empty template", 'key: "{employee_no}"', "key: []"),
]
GOOD_CHANGES: list[tuple[str, str, str]] = [
    ("as it is", "kind: Device", "kind: Device"),
    ("a single template or a list", 'key: "{employee_no}"', 'key: ["{employee_no}"]'),
    ("a list of joins", '{source: ids, on: "{email}", take: employee_no}', '[{source: ids, on: ["{email}"], take: [employee_no]}]'),
    ("pace 0", "pace: 1s", "pace: 0"),
    ("everybody may read it", "password: {env: IVMS_PASSWORD}", "password: {plain: hunter2}"),
    ("a name from a reference", "username: admin", "username: {secret: door_user}"),
    ("no policy", "  policy:\n    onRemoval: expire\n    pace: 1s\n    limits: {revoke: 30%, grant: 30%}\n", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_schema_and_loader_refuse_the_same(good: str, registry: Registry, tmp_path: Path, old: str, new: str) -> None:
    assert _judgements(good, old, new, registry, tmp_path) == (False, False, False)


@pytest.mark.parametrize(("old", "new"), [c[1:] for c in GOOD_CHANGES], ids=[c[0] for c in GOOD_CHANGES])
def test_schema_and_loader_take_the_same(good: str, registry: Registry, tmp_path: Path, old: str, new: str) -> None:
    assert _judgements(good, old, new, registry, tmp_path) == (True, True, True)


def _judgements(good: str, old: str, new: str, registry: Registry, tmp_path: Path) -> tuple[bool, bool, bool]:
    """Of the loader, of the schema of all kinds, and of the terminal's own."""
    head, _, device = good.rpartition("---\n")
    assert old in device
    text = device.replace(old, new)
    file = tmp_path / "a.yaml"
    file.write_text(f"{head}---\n{text}")
    specs, _ = check_specs([file], registry)
    whole = Registry([e for e in registry.entries() if e.name != "broken"], (), lambda group: ())
    made = schemas(whole)
    data = parse(text).documents[0].data
    by_all, by_own = (_validator(made[name]).is_valid(data) for name in ("trueup.json", "Device.terminal.json"))
    return specs is not None, by_all, by_own


def test_every_schema_explains_its_keys_and_shows_defaults_as_people_write_them(registry: Registry) -> None:
    whole = Registry([e for e in registry.entries() if e.name != "broken"], (), lambda group: ())
    made = schemas(whole)["trueup.json"]
    policy = made["$defs"]["Policy"]["properties"]
    assert policy["pace"]["default"] == "1s"
    assert made["$defs"]["Limits"]["properties"]["revoke"]["default"] == "30%"
    assert policy["onRemoval"]["description"]
    keys = [(key, value) for model in made["$defs"].values() for key, value in model.get("properties", {}).items()]
    assert [key for key, value in keys if not _described(value, made)] == []


def _described(value: dict[str, Any], made: dict[str, Any]) -> bool:
    reference = value.get("$ref", "").rpartition("/")[2]
    return "description" in value or bool(reference and "description" in made["$defs"][reference])


def test_the_output_of_validate_fits_its_schema(check: Callable[[str], Any], good: str, registry: Registry) -> None:
    found = check(good.replace("onRemoval", "onRemovel"))
    assert len(found) == 1
    whole = Registry((), (), lambda group: ())
    _validator(schemas(whole)["validate.json"]).validate(json.loads(render_json(found)))


def test_schemas_are_written_for_editors(tmp_path: Path, registry: Registry) -> None:
    whole = Registry([e for e in registry.entries() if e.name in ("terminal", "register")], (), lambda group: ())
    written = write_schemas(tmp_path / "schemas", whole)
    names = ["Controller.json", "Device.terminal.json", "Source.register.json", "trueup.json", "validate.json"]
    assert [path.name for path in written] == names
    made = json.loads((tmp_path / "schemas" / "trueup.json").read_text("utf-8"))
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "discriminator" not in json.dumps(made)
