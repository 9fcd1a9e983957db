from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from controller.registry import Registry, UnknownProvider
from controller.sdk import EntityKind, Field, SourceProvider, SpecModel, TargetProvider
from controller.spec.explaining.provider_facts import FieldRow, describe

REGISTRY = Registry(discover=lambda group: ())


def test_a_target_tells_its_kinds_abilities_and_needs() -> None:
    facts = describe("hikvision", REGISTRY)
    assert (facts.kind, facts.origin, facts.simulator, facts.batch) == ("Device", "trueup", True, 30)
    person, card, face = facts.keeps
    assert FieldRow("name", "text", ("identity",)) in person.fields
    assert FieldRow("owner", "text", ("immutable", "identity", "never empty", "changes access")) in card.fields
    assert card.after == ("person",) and "its key is sensitive" in card.marks
    assert face.fields == (FieldRow("picture", "content", ("write-only", "never empty", "changes access")),)
    assert "judge validity by its own clock" in facts.abilities and any("rights" in a or "may do" in a for a in facts.abilities)
    assert facts.needs and facts.sections["people"][0].path == "Device.spec.people.from"


def test_a_source_tells_its_records_and_what_is_sensitive() -> None:
    facts = describe("csv", REGISTRY)
    [person] = facts.keeps
    assert (facts.kind, facts.simulator, facts.batch, facts.sections) == ("Source", False, 0, {})
    assert FieldRow("card_no", "string", ("sensitive",)) in person.fields
    assert facts.abilities == ("read records",)


def test_an_unknown_name_is_answered_with_what_was_meant() -> None:
    with pytest.raises(UnknownProvider, match="Did you mean csv"):
        describe("csw", REGISTRY)


class Config(SpecModel):
    """Nothing is said here."""


def unannotated(config: Any, context: Any):  # type: ignore[no-untyped-def]
    raise AssertionError("nothing is opened")


def _lost(*_: Any) -> Any:
    raise KeyError("depends on the config")


lost: Any = _lost


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A source whose records depend on its config, and a target with odd kinds; neither says what it opens."""
    fake = ModuleType("odd_providers")
    kind = EntityKind(
        "event", (Field("at", type=int), Field("body", write_only=True), Field("pin", type=list[str], sensitive=True)),
        grants=False, expires=False,
    )  # fmt: skip
    source = SourceProvider("odd", "Odd source", Config, lost, lost, unannotated)
    target = TargetProvider(
        "even", "Even target", "Service", Config, (kind,), {}, lost, lost, lost, lost, unannotated, unannotated, lost
    )
    vars(fake).update(SOURCE=source, TARGET=target)
    points = [
        EntryPoint("odd", "odd_providers:SOURCE", "trueup.providers"),
        EntryPoint("even", "odd_providers:TARGET", "trueup.providers"),
    ]
    with patch.dict("sys.modules", odd_providers=fake):
        yield Registry((), (), lambda group: [point for point in points if point.group == group])


def test_what_cannot_be_told_is_left_out(registry: Registry) -> None:
    facts = describe("odd", registry)
    assert (facts.keeps, facts.origin, facts.abilities, facts.config) == ((), "a third party", ("read records",), ())


def test_marks_of_kinds_that_are_no_persons(registry: Registry) -> None:
    facts = describe("even", registry)
    [kind] = facts.keeps
    assert [field.marks for field in kind.fields] == [(), ("write-only",), ("sensitive",)]
    assert [field.type for field in kind.fields] == ["whole number", "", "list"]
    assert len(kind.marks) == 2 and facts.abilities == ("read and write",)
