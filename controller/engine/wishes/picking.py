"""Selection by record: ``--record people:17`` and ``--where people.employee_no=1001`` as the records that are meant.

A selection does less, never more: conditions must all hold, a value must be the whole value, and a word that means nothing is an
error instead of a selection of nothing. What is sensitive is compared and never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.engine.wishes.gather import SourceRead, sources_of
from controller.model.errors import UsageError
from controller.model.record import Record
from controller.model.scope import Scope
from controller.sdk.provider import SourceProvider
from controller.sdk.template import nearest, normal_text, render
from controller.spec.resource import Resource, Specs

Key = tuple[str, str]  # source and key of a record


@dataclass(frozen=True)
class Wording:
    """What was given, taken apart. ``records`` were named; ``conditions`` are field and value, all about ``source``."""

    records: tuple[Key, ...] = ()
    source: str = ""
    conditions: tuple[tuple[str, str], ...] = ()
    hidden: frozenset[str] = frozenset()  # fields whose values are not told

    @property
    def sources(self) -> frozenset[str]:
        return frozenset(source for source, _ in self.records) | ({self.source} if self.source else frozenset())

    def words(self) -> tuple[str, ...]:
        """As it may be told."""
        named = (f"--record {source}:{key}" for source, key in self.records)
        asked = (f"--where {self.source}.{name}={'***' if name in self.hidden else value}" for name, value in self.conditions)
        return (*named, *asked)


@dataclass(frozen=True)
class Picked:
    """The records that are meant, and their places as notices name them."""

    records: frozenset[Key]
    places: frozenset[str] = frozenset()


def wording(specs: Specs, scope: Scope) -> Wording:
    """Raises UsageError for a source or a field that does not exist, and for conditions about several sources."""
    records = tuple(_named(specs, text) for text in scope.records)
    asked = [_asked(specs, text) for text in scope.where]
    about = sorted({source for source, _, _ in asked})
    if len(about) > 1:
        raise UsageError(f"--where is about {' and '.join(about)} at once", hint="ask about the fields of one source at a time")
    if not about:
        return Wording(records)
    resource = specs.sources[about[0]]
    assert isinstance(resource.provider, SourceProvider)
    hidden = resource.provider.sensitive(resource.config)
    return Wording(records, about[0], tuple((name, value) for _, name, value in asked), frozenset(hidden))


def _named(specs: Specs, text: str) -> Key:
    source, _, key = text.removeprefix("Source/").partition(":")
    if not (source and key):
        raise UsageError(f"--record {text!r} names no record", hint="write SOURCE:KEY, for example --record people:1001")
    return _must_exist(specs, source, "--record"), key


def _asked(specs: Specs, text: str) -> tuple[str, str, str]:
    left, equals, value = text.removeprefix("Source/").partition("=")
    source, _, name = left.strip().rpartition(".")
    value = normal_text(value.strip())
    if not (source and name and equals and value):
        hint = "write SOURCE.FIELD=VALUE, for example --where people.employee_no=1001"
        raise UsageError(f"--where {left!r} is no condition", hint=hint)  # the value may be sensitive
    resource = specs.sources[_must_exist(specs, source, "--where")]
    assert isinstance(resource.provider, SourceProvider)
    fields = resource.provider.fields(resource.config)
    if name not in fields:
        meant = nearest(name, fields)
        hint = f"did you mean {source}.{meant}?" if meant else f"the records of {source} have: {', '.join(sorted(fields))}"
        raise UsageError(f"--where: the records of {source} have no field {name}", hint=hint)
    return source, name, value


def _must_exist(specs: Specs, source: str, flag: str) -> str:
    if source not in specs.sources:
        meant = nearest(source, specs.sources)
        hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(specs.sources) or 'no sources'}"
        raise UsageError(f"{flag}: there is no source {source}", hint=hint)
    return source


def fed_by(resources: Iterable[Resource], asked: Wording) -> list[Resource]:
    """The targets that draw on what is asked about; raises UsageError when there are none."""
    found = [resource for resource in resources if asked.sources & set(sources_of(resource))]
    if not found:
        hint = "records select whom they make; a terminal that a record makes is selected with --target 'Device/NAME@KEY'"
        raise UsageError(f"nothing that is selected draws on {' or '.join(sorted(asked.sources))}", hint=hint)
    return found


def pick(asked: Wording, reads: Mapping[str, SourceRead], remembered: frozenset[Key]) -> Picked:
    """The records that are meant, before their rows are handed out. ``remembered`` are those of them that made something here
    earlier: who left the source may still be taken away. Raises UsageError when nothing is meant; not when a source cannot be
    read, which is for its targets to say."""
    if asked.source:
        return _picked(asked.source, _matching(asked, reads[asked.source]))
    found = [_picked(source, _of_key(reads[source], key)) for source, key in asked.records]
    for (source, key), one in zip(asked.records, found, strict=True):
        if not one.records and (source, key) not in remembered and not reads[source].failed:
            message = f"{source} has no record {key} ({reads[source].count:,} records read), and nothing here was made of one"
            raise UsageError(message, hint=f"to look for it: trueup why --find {key}")
    records = frozenset(asked.records)
    return Picked(records, frozenset(place for one in found for place in one.places))


def _of_key(read: SourceRead, key: str) -> list[tuple[str, str]]:
    return [(row.key, row.place) for row in read.rows if row.key == key]


def _matching(asked: Wording, read: SourceRead) -> list[tuple[str, str]]:
    found = [(row.key, row.place) for row in read.rows if isinstance(row, Record) and _holds(asked.conditions, row)]
    if not found and not read.failed:
        said = " and ".join(word.removeprefix("--where ") for word in asked.words())
        hint = "the value must be the whole value; who left the source is selected with --record SOURCE:KEY or --target"
        raise UsageError(f"no record is meant by {said} ({read.count:,} records read)", hint=hint)
    return found


def _holds(conditions: Sequence[tuple[str, str]], row: Record) -> bool:
    """A list holds a value when one of its items is it."""
    for name, wanted in conditions:
        value = row.fields.get(name)
        texts = value if isinstance(value, tuple) else (value,)
        if not any(render(text) == wanted for text in texts):
            return False
    return True


def _picked(source: str, rows: Iterable[tuple[str, str]]) -> Picked:
    known = list(rows)
    return Picked(frozenset((source, key) for key, _ in known), frozenset(f"{source}: {place or key}" for key, place in known))
