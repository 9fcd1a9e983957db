"""Tries a template or a filter on the real records of one source: how many it takes, what it makes of them, what they lack."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.engine.judging.diff import MASK
from controller.engine.why.answer import source_hidden, told_all
from controller.engine.wishes.gather import read_source
from controller.engine.world import Report, World, silent, zone_of
from controller.model.errors import UsageError
from controller.model.record import FieldType, Record, Unreadable
from controller.sdk.provider import SourceProvider
from controller.sdk.template import check_template, check_template_fields, compile_template, missing_fields, template_fields
from controller.sdk.where import check_where, compile_where, describe, where_fields
from controller.spec.resource import Resource
from controller.spec.yaml import parse

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Expression:
    """A filter or a template; exactly one of the two is there."""

    where: Mapping[str, Any] | None = None
    template: tuple[str, ...] = ()

    def __str__(self) -> str:
        return describe(self.where) if self.where is not None else " or ".join(self.template)


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of a group: what comes out, or what its fields hold."""

    record: str
    text: str
    place: str = ""


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """Records with the same answer: yes, no, unknown of a filter; filled, missing of a template; unreadable rows."""

    answer: str
    count: int
    reason: str = ""
    samples: tuple[Sample, ...] = ()


class Repeated(msgspec.Struct, frozen=True):
    """A text that several records make: as a key, all of them would be held."""

    text: str
    count: int


class Trial(msgspec.Struct, frozen=True, omit_defaults=True):
    """``groups`` largest answer first as they are asked; ``repeated`` at most as many as samples were asked for."""

    source: str
    kind: str  # "where" or "template"
    expression: str
    records: int
    groups: tuple[Group, ...]
    repeated: tuple[Repeated, ...] = ()


def read_expression(text: str) -> Expression:
    """``active: true`` and ``{active: true}`` are filters, everything else is a template; a list is a template with alternatives.
    Raises UsageError for what is neither."""
    documents = parse(text).documents
    value = documents[0].data if len(documents) == 1 else None
    if isinstance(value, Mapping) and value and all(_is_condition(k, v) for k, v in value.items()):
        return Expression(where=value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return _checked(tuple(value))
    return _checked((text,))


def _is_condition(name: Any, value: Any) -> bool:
    empty = value is None or (isinstance(value, Mapping) and None in value.values())  # {id} is a template, and a map to YAML
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and not empty


def _checked(template: tuple[str, ...]) -> Expression:
    for text in template:
        if problem := check_template(text):
            raise UsageError(f"{text!r} is neither a template nor a filter: {problem}", hint=_EXAMPLES)
    return Expression(template=template)


_EXAMPLES = "write a template such as '{first_name} {last_name}', or a filter such as 'active: true'"


async def trial(world: World, source: Resource, expression: Expression, limit: int, report: Report = silent) -> Trial:
    """Read the source and try it; raises UsageError for fields that its records do not have."""
    provider = source.provider
    assert isinstance(provider, SourceProvider)
    _check_fields(source.address.name, expression, provider.fields(source.config))
    read = await read_source(world, source.address.name, report)
    if read.failed:
        raise UsageError(read.failed, hint=read.hint or f"to see what is wrong: trueup test {source.address}")
    hidden = source_hidden(world.specs, source.address.name)
    if expression.where is not None:
        return _try_where(source.address.name, expression.where, read.rows, (zone_of(source), hidden, limit))
    return _try_template(source.address.name, expression.template, read.rows, (hidden, limit))


def _check_fields(name: str, expression: Expression, fields: Mapping[str, FieldType]) -> None:
    wrong = [(message, meant) for _, message, meant in check_where(expression.where or {}, fields)]
    wrong += [(message, meant) for _, message, meant in check_template_fields(expression.template, fields)]
    if wrong:
        message, meant = wrong[0]
        known = f"did you mean {meant}?" if meant else f"the records of {name} have: {', '.join(sorted(fields))}"
        raise UsageError(message, hint=known)


def _try_where(
    name: str, where: Mapping[str, Any], rows: Sequence[Record | Unreadable], how: tuple[ZoneInfo | None, frozenset[str], int]
) -> Trial:
    zone, hidden, limit = how
    ask, asked = compile_where(where, zone), tuple(sorted(where_fields(where)))
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for row in rows:
        if isinstance(row, Record):
            answer = ask(row.fields)
            found[{True: "yes", False: "no", None: "unknown"}[answer.value], answer.reason].append(row)
    order = ("yes", "no", "unknown")
    groups = [
        Group(word, len(records), reason, tuple(_sample(r, told_all(asked, r.fields, hidden)) for r in records[:limit]))
        for (word, reason), records in sorted(found.items(), key=lambda item: (order.index(item[0][0]), -len(item[1])))
    ]
    return Trial(name, "where", describe(where), len(rows), (*groups, *_unreadable(rows, limit)))


def _try_template(
    name: str, template: tuple[str, ...], rows: Sequence[Record | Unreadable], how: tuple[frozenset[str], int]
) -> Trial:
    hidden, limit = how
    fill, secret = compile_template(template), bool(template_fields(template) & hidden)
    filled: list[tuple[Record, str]] = []
    lacking: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        if isinstance(row, Record):
            text = fill(row.fields)
            if text is None:
                lacking[" and ".join(missing_fields(template, row.fields))].append(row)
            else:
                filled.append((row, text))
    texts = Counter(text for _, text in filled)
    groups = [Group("filled", len(filled), "", tuple(_sample(r, MASK if secret else t) for r, t in filled[:limit]))]
    for names, records in sorted(lacking.items(), key=lambda item: -len(item[1])):
        groups.append(Group("missing", len(records), f"{names} has no value", tuple(_sample(r, "") for r in records[:limit])))
    repeated = tuple(Repeated(MASK if secret else text, n) for text, n in texts.most_common(limit) if n > 1)
    return Trial(name, "template", " or ".join(template), len(rows), (*groups, *_unreadable(rows, limit)), repeated)


def _sample(record: Record, text: str) -> Sample:
    return Sample(record.key, text, record.place)


def _unreadable(rows: Sequence[Record | Unreadable], limit: int) -> Iterator[Group]:
    found = [row for row in rows if isinstance(row, Unreadable)]
    if found:
        samples = tuple(Sample(row.key or "", row.message, row.place) for row in found[:limit])
        yield Group("unreadable", len(found), "the row could not be read: neither granted nor revoked", samples)
