"""One resource per record: reads the sources of ``forEach`` and says which resources there are, before anything is gathered.

What cannot be told is neither made nor forgotten: a record that is refused holds the resource it made earlier, and a source that
failed, is empty or shrank makes the whole set unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from controller.engine.judging.remedies import remedy
from controller.engine.wishes.gather import Row, SourceRead, read_named, shrunk_notices
from controller.engine.world import Report, World
from controller.model.change import Condition, Notice, ResourcePlan, Verdict
from controller.model.labels import selector
from controller.model.outcome import Progress
from controller.model.record import FieldType, Record, Unreadable
from controller.model.scope import Scope
from controller.sdk.provider import Problem as Objection
from controller.sdk.provider import SourceProvider
from controller.sdk.template import compile_template, missing_fields
from controller.sdk.where import NO, YES, check_where, compile_where
from controller.spec.checks.explain import dotted
from controller.spec.checks.together import is_zone, network_place
from controller.spec.departed import recalled
from controller.spec.resource import Resource, Specs
from controller.spec.sharing.generator import Generator, make
from controller.spec.sharing.networks import outside

LONGEST_KEY = 128


@dataclass
class Expansion:
    """What records make of the specs: ``specs`` with the resources in them, and what to say about the rest."""

    specs: Specs
    notices: list[Notice] = field(default_factory=list)
    unknown: list[ResourcePlan] = field(default_factory=list)  # one for each document whose records could not be read
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class _Set:
    """What one document makes. ``held``: addresses that stay as they are, ``open``: why the set may be larger than it looks."""

    generator: Generator
    made: list[tuple[Resource, str]] = field(default_factory=list)  # with the place of the record
    held: dict[str, str] = field(default_factory=dict)
    open: str = ""
    notices: list[Notice] = field(default_factory=list)

    def refuse(self, record: str, code: str, message: str, *, key: str = "", place: str = "") -> None:
        """Leave a record alone, and with its key what it made earlier; without one, everything that was made earlier."""
        address = str(self.generator.named(key)) if key else str(self.generator.address)
        if key:
            self.held.setdefault(address, message)
        else:
            self.open = self.open or message
        kept = f"; {address} stays as it is" if key else f"; nothing that {address} made earlier is forgotten"
        words = f"{self.generator.for_each.source}: {place or f'record {record}'}: {message}{kept}"
        self.notices.append(
            Notice(
                address,
                Verdict.REFUSED,
                code,
                words,
                hint=remedy(code),
                place=f"{self.generator.for_each.source}: {place or record}",
            )
        )


async def expand(world: World, scope: Scope, allow: frozenset[str], offline: bool, report: Report) -> Expansion:
    """Read what ``forEach`` draws on and make its resources. Documents that the scope leaves out stay unread and undecided."""
    chosen = [g for g in world.specs.generators if _may_cover(scope, g)]
    reads = await read_named(world, {g.for_each.source for g in chosen}, allow, offline=offline, report=report)
    sets = [_set_of(world, generator, reads[generator.for_each.source]) for generator in chosen]
    for one in sets:
        if one.made:
            report(Progress(str(one.generator.address), "made of records", done=len(one.made), total=len(one.made)))
    _refuse_shared_places(world.specs, sets)
    left_out = {f"{g.prefix}*": "it was not selected" for g in world.specs.generators if g not in chosen}
    found = Expansion(_with(world.specs, sets, left_out), [n for one in sets for n in one.notices])
    found.notices = [msgspec.structs.replace(n, message=world.scrub(n.message)) for n in found.notices]
    found.notices += shrunk_notices(reads)
    found.counts = {name: read.count for name, read in reads.items() if not read.failed}
    found.unknown = [_unknown(g, reads[g.for_each.source]) for g in chosen if reads[g.for_each.source].failed]
    departed = await _departed(world, found.specs)
    found.specs = replace(found.specs, departed=(*found.specs.departed, *departed))
    return found


def _may_cover(scope: Scope, generator: Generator) -> bool:
    """Whether something that this document makes could be selected."""
    dynamic = {each.path[-1] for each in generator.each if each.path[:2] == ("metadata", "labels")}
    chosen = (selector(text) for text in scope.labels)
    if not all(one.key in dynamic or one.matches(generator.labels) for one in chosen):
        return False
    if not scope.targets:
        return True
    named = (target.partition(":")[0] for target in scope.targets)
    return any("*" in text or text.startswith(generator.prefix) for text in named)


# -- one document ------------------------------------------------------------------------------------------------------------


def _set_of(world: World, generator: Generator, read: SourceRead) -> _Set:
    one = _Set(generator, open=read.failed or read.shrunk)
    by_key: dict[str, list[Record]] = defaultdict(list)
    for record, key in _chosen(one, read.rows):
        by_key[key].append(record)
    for key, records in by_key.items():
        if len(records) > 1:
            _refuse_twins(one, key, records)
        else:
            _make(world, one, key, records[0])
    return one


def _chosen(one: _Set, rows: Iterable[Row]) -> Iterable[tuple[Record, str]]:
    """The records that are meant, each with its key; the others are refused on the way."""
    for_each = one.generator.for_each
    meant = compile_where(for_each.where) if for_each.where else None
    fill = compile_template(for_each.key)
    for row in rows:
        if isinstance(row, Unreadable):
            one.refuse(row.key or "a row", row.code, row.message, place=row.place)
            continue
        answer = YES if meant is None else meant(row.fields)
        if answer is NO:
            continue
        key = fill(row.fields)
        if wrong := _bad_key(key):
            lacking = " and ".join(missing_fields(for_each.key, row.fields))
            one.refuse(row.key, "key-missing", f"it has no {lacking}" if not key and lacking else wrong, place=row.place)
        elif answer is not YES:
            message = f"it is not clear whether it is meant: {answer.reason}"
            one.refuse(row.key, "filter-unknown", message, key=key or "", place=row.place)
        else:
            yield row, key or ""


def _bad_key(key: str | None) -> str:
    if not key:
        return "it has no key"
    if len(key) > LONGEST_KEY or not key.isprintable():
        return f"its key is longer than {LONGEST_KEY} characters or has control characters in it"
    return ""


def _refuse_twins(one: _Set, key: str, records: Sequence[Record]) -> None:
    for record in records:
        message = f"{len(records)} records have the key {key}; nobody can tell which of them is {one.generator.named(key)}"
        one.refuse(record.key, "key-twice", message, key=key, place=record.place)


def _make(world: World, one: _Set, key: str, record: Record) -> None:
    made = make(one.generator, key, (record.key, record.fields))
    for name, value in made.secrets.items():
        world.keep_secret(name, value)  # before anything is said about this record
    wrong = [(p.code, f"{dotted(p.path)}: {p.summary}") for p in made.problems]
    if made.resource is not None:
        wrong = list(_objections(world.specs, one.generator, made.resource))
    for code, message in wrong:
        one.refuse(record.key, code, message, key=key, place=record.place)
    if made.resource is not None and not wrong:
        place = f"{one.generator.for_each.source}: {record.place or record.key}"
        *others, mine = made.resource.given
        given = (*others, type(mine)(mine.by, tuple(dotted(e.path[1:]) for e in one.generator.each), f"{mine.place}, {place}"))
        one.made.append((replace(made.resource, given=given), record.place or record.key))


def _objections(specs: Specs, generator: Generator, resource: Resource) -> Iterable[tuple[str, str]]:
    """What only shows once the config is whole: where it leads, its zone, and what the provider says."""
    if refused := outside(generator.provider.endpoint(resource.config).url, generator.for_each.allow_networks):
        yield "outside-networks", refused
        return
    if resource.zone is not None and not is_zone(resource.zone):
        yield "unknown-timezone", f"there is no time zone {resource.zone}"
    if resource.zone is None and any("valid" in type(m.mapping).model_fields for m in resource.mappings):
        yield "missing-timezone", "the time zone is missing: write `timezone` under spec.config, or in the Controller"
    if any(each.path[:1] == ("spec",) and each.path[1] in generator.provider.sections for each in generator.each):
        yield from _filter_problems(specs, resource)
    problems: Iterable[Objection] = generator.provider.check(resource)
    for problem in problems:
        if problem.warning:
            continue  # told beside what the target says
        yield "provider", f"{dotted(('spec', *problem.path))}: {problem.message}"


def _filter_problems(specs: Specs, resource: Resource) -> Iterable[tuple[str, str]]:
    """Conditions with a value of the record in them: the value must fit its field."""
    for mapped in resource.mappings:
        mapping = mapped.mapping
        fields = dict(_fields(specs, mapping.from_))
        for match in mapping.match:
            fields |= {name: kind for name, kind in _fields(specs, match.source).items() if name in match.take}
        for path, message, _ in check_where(mapping.where, fields):
            yield "where", f"{dotted(('spec', mapped.section, 'where', *path))}: {message}"


def _fields(specs: Specs, source: str) -> Mapping[str, FieldType]:
    resource = specs.sources[source]
    return resource.provider.fields(resource.config) if isinstance(resource.provider, SourceProvider) else {}


# -- all of them together ----------------------------------------------------------------------------------------------------


def _refuse_shared_places(specs: Specs, sets: Sequence[_Set]) -> None:
    """Two resources on one device would undo each other's work: what records made is refused, what a document declares stays."""
    declared = {_place(resource): str(resource.address) for resource in specs.targets}
    at: dict[tuple[str, int | None], list[tuple[_Set, Resource, str]]] = defaultdict(list)
    for one in sets:
        for resource, record in one.made:
            at[_place(resource)].append((one, resource, record))
    for place, several in at.items():
        if len(several) < 2 and place not in declared:
            continue
        names = [*([declared[place]] if place in declared else []), *(str(resource.address) for _, resource, _ in several)]
        for one, resource, record in several:
            one.made = [(r, p) for r, p in one.made if r is not resource]
            key = resource.address.name.partition("@")[2]
            others = ", ".join(name for name in names if name != str(resource.address))
            one.refuse(record, "shared-endpoint", f"{others} is at the same address", key=key, place=record)


def _place(resource: Resource) -> tuple[str, int | None]:
    return network_place(resource.provider.endpoint(resource.config).url)  # type: ignore[union-attr]


def _with(specs: Specs, sets: Sequence[_Set], left_out: Mapping[str, str]) -> Specs:
    undecided = dict(left_out)
    for one in sets:
        undecided |= one.held
        if one.open:
            undecided[f"{one.generator.prefix}*"] = one.open
    made = tuple(resource for one in sets for resource, _ in one.made)
    return replace(specs, resources=(*specs.resources, *made), undecided=undecided, expanded=True)


def _unknown(generator: Generator, read: SourceRead) -> ResourcePlan:
    """The document itself stands for what it would have made."""
    message = f"which there are is not known: {read.failed}"
    name, labels = generator.provider.name, dict(generator.labels)
    return ResourcePlan(
        str(generator.address), name, Condition.PARKED, message=message, hint=read.hint, labels=labels, given=generator.given
    )


async def _departed(world: World, specs: Specs) -> tuple[Resource, ...]:
    """What records made earlier and do not make any more, where it is to be emptied: known from the last time it was applied."""
    owned = set(await world.state.inventory.resources())
    rows = [row for row in await world.state.targets.all() if row.resource in owned and row.resource not in specs.by_address]
    made = [(specs.made_by_records(specs.now_called(row.resource)), row) for row in rows]
    gone = [(g, row) for g, row in made if g is not None and not specs.why_undecided(row.resource)]
    return tuple(resource for g, row in gone if (resource := recalled(row.document, known=g.provider)) is not None)
