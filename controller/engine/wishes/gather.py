"""Read the sources and build the desired side: once per source, once per distinct mapping.

Absence is not deletion: a source that failed, ended early or is suddenly empty makes its targets' wishes unknown, one that
shrank beyond measure removes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.engine.judging.kinds import provider_of
from controller.engine.side_by_side import asking, side_by_side
from controller.engine.wishes.desired import DesiredSet, uncollected
from controller.engine.wishes.select import JoinTable, NotSelected, Selector, build_join, join_name
from controller.engine.world import Report, World, zone_of
from controller.model.change import Notice, Verdict
from controller.model.encoding import digest
from controller.model.entity import Provenance, Refusal
from controller.model.outcome import Progress
from controller.model.record import Record, Unreadable
from controller.sdk.errors import ProviderError
from controller.sdk.provider import Selected, SourceProvider
from controller.spec.resource import Mapped, Resource

Row = Record | Unreadable

_HANDFUL, _FEW = 10, 3  # records: as with limits, below ten at most three, and never most of them


@dataclass
class SourceRead:
    """One source as it was read: its rows, or why there are none. ``shrunk`` says why nothing may be removed on its word.
    ``uses`` says how often its rows will be asked for at most; ``kept``, that they are needed after that too."""

    name: str
    rows: list[Row] = field(default_factory=list)
    failed: str = ""
    hint: str = ""
    shrunk: str = ""
    excused: bool = False  # by an allowance, which holds for one run and makes no new measure until that run is over
    count: int = 0
    uses: int = 0
    kept: bool = False

    def hand_out(self) -> Iterator[Row]:
        """The rows. Who comes last takes them: a large register and the wishes made of it need not be held both at once."""
        if self.kept:
            yield from self.rows
            return
        self.uses -= 1
        if self.uses < 0:
            raise RuntimeError(f"the rows of {self.name} are gone: they must not be taken for none")
        if self.uses:
            yield from self.rows
            return
        self.rows.reverse()
        while self.rows:
            yield self.rows.pop()


@dataclass
class Gathered:
    """``desired`` by resource address; ``counts`` the size of each source that was read completely."""

    desired: dict[str, DesiredSet] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)  # documents with forEach whose records could not be read, and why


async def gather(world: World, chosen: Sequence[Resource], allow: frozenset[str], *, offline: bool, report: Report) -> Gathered:
    """The desired side of the chosen targets."""
    return declare(chosen, await read_sources(world, chosen, allow, offline=offline, report=report))


async def read_sources(
    world: World, chosen: Sequence[Resource], allow: frozenset[str], *, offline: bool, report: Report
) -> dict[str, SourceRead]:
    """Every source that the chosen targets draw on, each once, by name."""
    names = {name for resource in chosen for name in sources_of(resource)}
    return await read_named(world, names, allow, offline=offline, report=report)


async def read_named(
    world: World, names: Collection[str], allow: frozenset[str], *, offline: bool, report: Report
) -> dict[str, SourceRead]:
    """These sources, side by side, each doubted when it is empty or much smaller than the last time."""
    rows = await side_by_side(_read(world, name, allow, offline=offline, report=report) for name in sorted(names))
    reads = {read.name: read for read in rows}
    if not world.read_only:
        await _remember(world, reads)
    return reads


async def read_source(world: World, name: str, report: Report) -> SourceRead:
    """One source by itself; its size is not taken for a measure."""
    return await _read(world, name, frozenset(), offline=False, report=report)


def declare(chosen: Sequence[Resource], reads: Mapping[str, SourceRead]) -> Gathered:
    """What these reads make of the chosen targets. Pure."""
    gathered = Gathered(counts={name: read.count for name, read in reads.items() if not read.failed})
    joins: dict[str, JoinTable] = {}
    alike = {str(resource.address): _likeness(resource) for resource in chosen}
    distinct: dict[str, Resource] = {}
    for resource in chosen:
        distinct.setdefault(alike[str(resource.address)], resource)
    for name in (name for resource in distinct.values() for name in sources_of(resource)):
        reads[name].uses += 1
    with uncollected():
        shared = {likeness: _build(resource, reads, joins) for likeness, resource in distinct.items()}
    gathered.desired = {address: shared[likeness] for address, likeness in alike.items()}
    gathered.notices = shrunk_notices(reads)
    return gathered


def shrunk_notices(reads: Mapping[str, SourceRead]) -> list[Notice]:
    return [
        Notice(
            f"Source/{read.name}",
            Verdict.HELD,
            "source-shrunk",
            read.shrunk,
            hint=f"if they really left: trueup plan --allow source-shrink:{read.name}",
        )
        for read in reads.values()
        if read.shrunk
    ]


def sources_of(resource: Resource) -> Iterator[str]:
    """What a target draws on: where its subjects come from, and what is looked up for them."""
    for mapped in resource.mappings:
        yield mapped.mapping.from_
        yield from (match.source for match in mapped.mapping.match)


def _likeness(resource: Resource) -> str:
    """Equal for resources whose desired side is the same; where their mappings stand in the spec does not matter."""
    mappings = [[mapped.section, mapped.mapping.model_dump(mode="json")] for mapped in resource.mappings]
    return digest([resource.provider.name, resource.zone, mappings])


# -- reading -----------------------------------------------------------------------------------------------------------------


async def _read(world: World, name: str, allow: frozenset[str], *, offline: bool, report: Report) -> SourceRead:
    resource = world.specs.sources[name]
    provider = resource.provider
    assert isinstance(provider, SourceProvider)
    read = SourceRead(name)
    if offline and provider.endpoint(resource.config) is not None:
        read.failed = f"source {name} needs the network, and this plan is made offline"
        read.hint = "plan again without --offline"
        return read
    try:
        with asking(provider.name):
            async with world.connect(resource) as context, provider.source(resource.config, context) as source:
                async for row in source.records():
                    read.rows.append(row)
                    if len(read.rows) % 1000 == 0:
                        report(Progress(str(resource.address), "reading records", done=len(read.rows)))
    except ProviderError as error:
        read.rows.clear()
        read.failed = f"source {name} could not be read: {world.scrub(error.message)}"
        read.hint = world.scrub(error.hint)
        return read
    read.count = len(read.rows)
    report(Progress(str(resource.address), "read", done=read.count, total=read.count))
    await _doubt(world, read, allow)
    return read


async def _doubt(world: World, read: SourceRead, allow: frozenset[str]) -> None:
    """An empty answer is a failure unless it was said to be meant; one much smaller than the last removes nothing."""
    known = await world.state.targets.source_count(read.name)
    read.excused = bool(source_allowances(read.name) & allow)
    if not read.rows and f"source-empty:{read.name}" in allow:
        return  # to be empty is to have shrunk, and needs no second word
    if not read.rows:
        before = f"; it had {known:,} the last time" if known else ""
        read.failed = f"source {read.name} is empty{before}: an empty list is taken for a failure, so nothing is changed"
        read.hint = f"look at the source; if it is really meant to be empty: trueup plan --allow source-empty:{read.name}"
    elif _fell(read.count, known, world.specs.controller.source_shrink) and f"source-shrink:{read.name}" not in allow:
        read.shrunk = f"source {read.name} has {read.count:,} records, {known:,} the last time: too great a fall to remove anybody"


def _fell(count: int, known: int | None, share: float) -> bool:
    """Whether too many are missing to be believed. Of a handful a share says little; there limits and budgets stand guard."""
    if known is None or count >= known * (1 - share):
        return False
    return not (known < _HANDFUL and known - count <= _FEW and 2 * count >= known)


def source_allowances(name: str) -> frozenset[str]:
    """What a plan may be allowed about a source."""
    return frozenset({f"source-empty:{name}", f"source-shrink:{name}"})


async def _remember(world: World, reads: Mapping[str, SourceRead]) -> None:
    for read in reads.values():
        if not (read.failed or read.shrunk or read.excused) and read.count != await world.state.targets.source_count(read.name):
            await world.state.targets.remember_source(read.name, read.count)


# -- building ----------------------------------------------------------------------------------------------------------------


def _build(resource: Resource, reads: Mapping[str, SourceRead], joins: dict[str, JoinTable]) -> DesiredSet:
    desired = DesiredSet()
    for name in sources_of(resource):
        if reads[name].failed:
            desired.failed, desired.hint = reads[name].failed, reads[name].hint
            return desired
        if reads[name].shrunk and reads[name].shrunk not in desired.hold_all:
            desired.hold_all.append(reads[name].shrunk)
    for mapped in resource.mappings:
        _add_mapping(desired, resource, mapped, (reads, joins))
    return desired


def _add_mapping(
    desired: DesiredSet, resource: Resource, mapped: Mapped, known: tuple[Mapping[str, SourceRead], dict[str, JoinTable]]
) -> None:
    reads, joins = known
    mapping, provider, zone = mapped.mapping, provider_of(resource), zone_of(resource)
    selector = selector_of(resource, mapped, reads, joins)
    place = place_of(mapped)
    kind = provider.kinds_of(mapping)[0]
    left_out: list[NotSelected] = []
    selected = _selected(selector.select_all(reads[mapping.from_].hand_out()), left_out)
    for wish in provider.desired(mapping, selected, zone, place):
        desired.add(wish)
    for refused in left_out:
        record = refused.refs[0] if refused.refs else None
        desired.add(Refusal(kind, None, refused.code, refused.message, record, Provenance(place, refused.refs)))


def selector_of(resource: Resource, mapped: Mapped, reads: Mapping[str, SourceRead], joins: dict[str, JoinTable]) -> Selector:
    """A mapping's choice among its records; tables that are missing in ``joins`` are made there."""
    for match in mapped.mapping.match:
        if join_name(match) not in joins:
            joins[join_name(match)] = build_join(match, reads[match.source].hand_out())
    return Selector(mapped.mapping, joins, mapped.mapping.from_, zone_of(resource))


def place_of(mapped: Mapped) -> str:
    """Where a mapping stands in the specs, as provenance names it."""
    return f"{mapped.place.file}:{mapped.place.line}"


def _selected(selections: Iterable[Selected | NotSelected], left_out: list[NotSelected]) -> Iterator[Selected]:
    for selection in selections:
        if isinstance(selection, Selected):
            yield selection
        elif selection.held:
            left_out.append(selection)
