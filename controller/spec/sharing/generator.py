"""A document with ``forEach``: what makes one resource of each record. Pure: who reads the records decides which there are.

``{each: FIELD}`` stands for a whole value. In a secret field it becomes a name for the value, never the value itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path as Folder
from typing import Any

from pydantic import BaseModel, ValidationError

from controller.model.address import Address
from controller.model.change import Given
from controller.model.diagnostic import Place
from controller.model.encoding import digest
from controller.model.record import Value
from controller.sdk.provider import TargetProvider
from controller.sdk.reference import token
from controller.sdk.template import render
from controller.spec.checks.explain import Problem, explain
from controller.spec.checks.shape import MAY_LACK, SECRET, TEMPLATE, marks_at
from controller.spec.envelope import document_model
from controller.spec.policy import WRITTEN
from controller.spec.resource import Mapped, Resource
from controller.spec.sharing.shared import ForEach
from controller.spec.syntax.positions import Path

CONTEXT: Mapping[str, bool] = {**WRITTEN, "each": True}
REFERENCES = frozenset({"env", "file", "secret", "plain"})
WHERE = (("metadata", "labels"), ("spec", "config"))  # and the provider's sections


@dataclass(frozen=True)
class Each:
    """One ``{each: FIELD}``: where it stands, whether it is a secret, and whether a record may be without it."""

    path: Path
    field: str
    secret: bool = False
    may_lack: bool = False


@dataclass(frozen=True)
class Generator:
    """``data`` is the document with everything under it, each-words included; ``zone`` that of the Controller."""

    address: Address
    provider: TargetProvider
    for_each: ForEach
    data: Mapping[str, Any]
    each: tuple[Each, ...]
    place: Place
    folder: Folder
    mapping_places: Mapping[tuple[str, int], Place]
    zone: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)  # those that are no words of records
    given: tuple[Given, ...] = ()
    depends_on: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        return f"{self.address}@"

    @cached_property
    def secrets(self) -> frozenset[str]:
        return frozenset(each.field for each in self.each if each.secret)

    def named(self, key: str) -> Address:
        return Address(self.address.kind, f"{self.address.name}@{key}")


@dataclass(frozen=True)
class Made:
    """What a record makes: a resource, or what is wrong; ``secrets`` by the names that stand in its config."""

    resource: Resource | None
    problems: tuple[Problem, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)


def find_each(data: Any, provider: TargetProvider, model: type[BaseModel]) -> tuple[Each, ...]:
    """Every ``{each: FIELD}`` where it may stand: in labels, in the config, and in mappings beside templates and sources.

    Elsewhere it is no word, and the model says so: above all within a reference, where a record would choose which secret is sent.
    """
    found = []
    for start in (*WHERE, *(("spec", section) for section in provider.sections)):
        node = data
        for part in start:
            node = node.get(part) if isinstance(node, dict) else None
        for path, name in _each_in(node, start):
            marks = marks_at(model, path)
            if TEMPLATE not in marks and path[3:4] not in (("from",), ("match",)):
                found.append(Each(path, name, SECRET in marks, MAY_LACK in marks))
    return tuple(found)


def _each_in(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(node, dict):
        if len(node) == 1 and isinstance(node.get("each"), str):
            yield path, node["each"]
            return
        if node and node.keys() <= REFERENCES:
            return
        for key, item in node.items():
            yield from _each_in(item, (*path, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _each_in(item, (*path, index))


def make(generator: Generator, key: str, record: tuple[str, Mapping[str, Value]]) -> Made:
    """The resource of one record: ``record`` is its key within the source, and its fields."""
    name, fields = record
    absent = [e for e in generator.each if fields.get(e.field) is None or fields.get(e.field) == ""]
    if lacking := [each for each in absent if not each.may_lack]:
        return Made(None, tuple(Problem("each-missing", e.path, f"it has no `{e.field}`") for e in _by_field(lacking)))
    source = generator.for_each.source
    told = [each for each in generator.each if each not in absent]
    secrets = {token(source, name, e.field): render(fields[e.field]) for e in told if e.secret}
    values = {e.path: {"each": token(source, name, e.field)} if e.secret else _plain(fields[e.field]) for e in told}
    values |= {e.path: render(fields[e.field]) for e in told if e.path[0] == "metadata"}
    values |= {each.path: None for each in absent}
    whole, problems = _validated(generator, values)
    if whole is None:
        return Made(None, tuple(problems), secrets)
    return Made(_resource(generator, key, values, whole), (), secrets)


def _by_field(lacking: list[Each]) -> list[Each]:
    return list({each.field: each for each in lacking}.values())


def _plain(value: Value) -> Any:
    """A record's value as a spec would write it."""
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _validated(generator: Generator, values: dict[Path, Any]) -> tuple[Any, list[Problem]]:
    """The whole document; numbers are written as texts where texts are wanted. ``values`` is corrected on the way."""
    model = document_model(generator.provider)
    for last in (False, True):
        data = filled(generator.data, values)
        try:
            return model.model_validate(data, by_alias=True, by_name=False, context=CONTEXT), []
        except ValidationError as error:
            texts = [
                _covering(e["loc"], values)
                for e in error.errors(include_url=False, include_input=False)
                if e["type"] == "string_type"
            ]
            numbers = [path for path in texts if path is not None and isinstance(values[path], bool | int | float)]
            if last or not numbers:
                return None, explain(error, data, model)
            values.update({path: render(values[path]) for path in numbers})
    raise AssertionError("unreachable")


def _covering(loc: tuple[str | int, ...], values: Mapping[Path, Any]) -> Path | None:
    return next((path for path in values if loc[: len(path)] == path), None)


def filled(node: Any, values: Mapping[Path, Any], path: Path = ()) -> Any:
    """The data with these values at their paths."""
    if path in values:
        return values[path]
    if isinstance(node, dict):
        return {key: filled(item, values, (*path, key)) for key, item in node.items()}
    return [filled(item, values, (*path, index)) for index, item in enumerate(node)] if isinstance(node, list) else node


def _resource(generator: Generator, key: str, values: Mapping[Path, Any], whole: Any) -> Resource:
    provider, spec = generator.provider, whole.spec
    document = without_plain(filled(generator.data, values))
    return Resource(
        address=generator.named(key),
        provider=provider,
        config=spec.config,
        policy=spec.policy,
        labels=whole.metadata.labels,
        mappings=tuple(
            Mapped(section, mapping, generator.mapping_places.get((section, index), generator.place))
            for section in provider.sections
            for index, mapping in enumerate(getattr(spec, section))
        ),
        place=generator.place,
        folder=generator.folder,
        digest=digest([document["spec"], document.get("metadata", {}).get("labels")]),
        zone=provider.zone(spec.config) or generator.zone,
        document=document,
        given=generator.given,
        depends_on=generator.depends_on,
    )


def without_plain(node: Any) -> Any:
    """The spec without secrets that stand in it: a digest of a guessable value would tell it."""
    if isinstance(node, dict):
        return {key: None if key == "plain" else without_plain(value) for key, value in node.items()}
    return [without_plain(item) for item in node] if isinstance(node, list) else node
