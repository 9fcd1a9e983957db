"""A registry of small providers of both kinds, so that the specs' rules are tested apart from the real providers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import Field

from controller.model.diagnostic import Diagnostic
from controller.model.entity import EntityKind
from controller.model.entity import Field as EntityField
from controller.model.record import PERSON, FieldType
from controller.registry import Entry, Registry
from controller.sdk.context import Endpoint
from controller.sdk.mapping import SpecModel, SubjectMapping, Template, Valid
from controller.sdk.provider import Problem, SourceProvider, TargetProvider
from controller.sdk.reference import SecretRef, TextOrRef
from controller.spec.load import check_specs


class RegisterConfig(SpecModel):
    """A register behind an address."""

    url: str = Field(description="Address of the register.", examples=["https://register.example"])
    organization_id: int = Field(description="Number of the organisation.", examples=[123])
    username: TextOrRef = Field("reader", description="Who reads.")
    password: SecretRef = Field(description="Password of the reader.", examples=[{"env": "REGISTER_PASSWORD"}])


class TableConfig(SpecModel):
    """A table in a file."""

    path: str = Field(description="Path of the file.", examples=["members.csv"])
    columns: tuple[str, ...] = Field(("email", "employee_no"), description="Columns.")
    local_times: bool = Field(False, description="Whether the table holds local times.")


class Door(SpecModel):
    """A door and its plan."""

    door: int = Field(1, ge=1, le=4, description="Number of the door.")
    plan: int = Field(1, description="Number of the plan.")


class PersonMapping(SubjectMapping):
    """Persons of a terminal."""

    key: Template = Field(description="Number of the person.", examples=["{employee_no}"])
    name: Template = Field(description="Name of the person.", examples=["{full_name}"])
    valid: Valid | None = Field(None, description="Until when.")
    doors: tuple[Door, ...] = Field((), description="Doors.")
    manage: tuple[str, ...] = Field(("person",), description="What is managed.")


class TerminalConfig(SpecModel):
    """A terminal."""

    url: str = Field(description="Address of the terminal.", examples=["http://192.168.1.100"])
    username: TextOrRef = Field(description="Who writes.")
    password: SecretRef = Field(description="Password.")
    timezone: str | None = Field(None, description="Zone of the terminal.")
    serial: str | None = Field(None, description="Serial number.")


def _check_terminal(resource: Any) -> Iterable[Problem]:
    if resource.zone is None:
        yield Problem(("config", "timezone"), "a zone is needed")
    for index, mapped in enumerate(resource.mappings):
        if "face" in mapped.mapping.manage:
            yield Problem(("people", index, "manage"), "this terminal keeps no faces", "Leave `face` out.")


def _unused(*_: Any, **__: Any) -> Any:
    raise AssertionError("loading specs must not talk to anything")


REGISTER = SourceProvider(
    "register", "A register", RegisterConfig, lambda c: "person", lambda c: PERSON.fields, _unused,
    endpoint=lambda c: Endpoint(c.url),
)  # fmt: skip
TABLE = SourceProvider(
    "table", "A table", TableConfig, lambda c: "table", lambda c: dict.fromkeys(c.columns, FieldType.STRING), _unused,
    needs_zone=lambda c: c.local_times,
)  # fmt: skip
TERMINAL = TargetProvider(
    "terminal", "A terminal", "Device", TerminalConfig,
    (
        EntityKind("person", (EntityField("name"), EntityField("valid"))),
        EntityKind("card", (EntityField("number"),), sensitive_key=True),
    ),
    {"people": PersonMapping}, lambda c: Endpoint(c.url), lambda m: ("person",), _unused, _unused, _unused, _unused, _unused,
    check=_check_terminal, zone=lambda c: c.timezone,
)  # fmt: skip

ENTRIES = (
    Entry("register", "trueup_fakes:REGISTER", "Source"),
    Entry("table", "trueup_fakes:TABLE", "Source"),
    Entry("terminal", "trueup_fakes:TERMINAL", "Device"),
    Entry("broken", "trueup_fakes_that_do_not_exist:PROVIDER", "Device"),
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    module = ModuleType("trueup_fakes")
    vars(module).update(REGISTER=REGISTER, TABLE=TABLE, TERMINAL=TERMINAL)
    with patch.dict("sys.modules", trueup_fakes=module):
        yield Registry(ENTRIES, (), lambda group: ())


Check = Callable[[str], Sequence[Diagnostic]]


@pytest.fixture
def check(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Writes a text as ``specs/a.yaml`` and gives its diagnostics."""
    monkeypatch.chdir(tmp_path)

    def checked(text: str) -> Sequence[Diagnostic]:
        file = Path("specs/a.yaml")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return check_specs([Path("specs")], registry)[1]

    return checked


GOOD = """\
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: register
  config:
    url: https://register.example
    organizationId: 123
    password: {env: REGISTER_PASSWORD}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: ids}
spec:
  provider: table
  config: {path: ids.csv}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: terminal
  config:
    url: http://192.168.1.100
    username: admin
    password: {env: IVMS_PASSWORD}
    timezone: Europe/Stockholm
  people:
    - from: members
      match: {source: ids, on: "{email}", take: employee_no}
      where: {active: true}
      key: "{employee_no}"
      name: ["{first_name} {last_name}", "{full_name}"]
      valid: {from: "{valid_from}", until: "{valid_until}", whenMissing: refuse}
      doors: [{door: 1, plan: 1}]
      manage: [person]
  policy:
    onRemoval: expire
    pace: 1s
    limits: {revoke: 30%, grant: 30%}
"""


@pytest.fixture
def good() -> str:
    """The spec of the design's section 7, with the small providers."""
    return GOOD
