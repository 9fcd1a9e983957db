"""Who is at a target and declared by nobody, written down so that the next plan finds them as they stand. Looks; writes nothing.

Nothing is believed that was not tried: every row is read back, made into a wish and fitted, as a plan would, and left out when that
is not exactly what stands there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.engine.intake.looking import Look, looking
from controller.engine.intake.trying import Row, Trial
from controller.engine.wishes.desired import DesiredSet
from controller.engine.world import Report, World, silent, zone_of
from controller.model.address import Address
from controller.model.encoding import digest
from controller.model.entity import Actual, EntityKind
from controller.model.outcome import Progress
from controller.sdk.errors import NotOffered
from controller.sdk.provider import TargetProvider
from controller.sdk.transcript import Transcript
from controller.spec.resource import Resource

GROUP = "access"  # the column that tells rows of different items apart


@dataclass(frozen=True)
class Left:
    """Somebody who is there and was not written down, and why."""

    kind: str
    key: str
    label: str
    message: str


@dataclass(frozen=True)
class Item:
    """One item of the section, without ``from``; ``called`` is what its rows hold in the column ``access``."""

    called: str
    words: Mapping[str, Any]


@dataclass(frozen=True)
class Transcripts:
    """What would be written for one target. ``rows`` hold names, and numbers of cards where they were asked for."""

    address: Address
    section: str = ""
    key_field: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    items: tuple[Item, ...] = ()
    left: tuple[Left, ...] = ()
    cards: int = 0  # card numbers among the rows

    @property
    def grouped(self) -> bool:
        return GROUP in self.columns


async def transcribed(
    world: World, resource: Resource, desired: DesiredSet, *, with_cards: bool, report: Report = silent
) -> Transcripts:
    """Raises ProviderError when the target cannot be judged or read to its end."""
    async with world.lanes, looking(world, resource) as look:
        if look.provider.transcribe is None:
            message = f"what stands at a {look.provider.title} cannot be written down as records"
            raise NotOffered(message, hint="declare it by hand, then take it over: trueup import without --write-records")
        found = await _read(world, resource, look, with_cards=with_cards, report=report)
    return _written(world, resource, look, _Undeclared(found, desired, await _ours(world, resource, look.provider)))


@dataclass
class _Found:
    """Everything that is there: subjects, and by subject what hangs on them (None: not looked at)."""

    subjects: list[Actual] = field(default_factory=list)
    hanging: dict[str, list[Actual]] | None = None


async def _read(world: World, resource: Resource, look: Look, *, with_cards: bool, report: Report) -> _Found:
    found = _Found(hanging=defaultdict(list) if with_cards else None)
    subject, hanging = kinds_of(look.provider)
    total = 0
    async for page in look.pages([subject, *(hanging if with_cards else ())]):
        if page.kind == subject.name:
            found.subjects += page.entities
        elif found.hanging is not None:
            for actual in page.entities:
                found.hanging[actual.subject].append(actual)
        total += len(page.entities)
        report(Progress(str(resource.address), "reading who is there", done=total))
    return found


def kinds_of(provider: TargetProvider) -> tuple[EntityKind, list[EntityKind]]:
    """What stands by itself (persons), and what hangs on it (cards)."""
    subject = next(kind for kind in provider.kinds if not kind.after)
    return subject, [kind for kind in provider.kinds if subject.name in kind.after]


async def _ours(world: World, resource: Resource, provider: TargetProvider) -> set[str]:
    return set(await world.state.inventory.index(world.remembered_as(resource.address), kinds_of(provider)[0].name))


@dataclass(frozen=True)
class _Undeclared:
    """Who is there although nobody declares them. What is ours and no longer declared is none of them: its removal is decided."""

    found: _Found
    desired: DesiredSet
    ours: set[str]

    def judged(self, kind: EntityKind, hanging: Sequence[EntityKind]) -> Iterator[tuple[Actual, str]]:
        """Each with why it is not written down, empty when it may be."""
        wishes = self.desired.entities.get(kind.name, {})
        twice = _twice(actual.key for actual in self.found.subjects)
        sought = {(kind.index(s.field), s.value.casefold()) for w in self.desired.sought.get(kind.name, ()) if (s := w.sought)}
        for actual in self.found.subjects:
            known = actual.key in wishes or (kind.name, actual.key) in self.desired.held or actual.key in self.ours
            if known or any((index, str(value).casefold()) in sought for index, value in enumerate(actual.values)):
                continue
            cards = (self.found.hanging or {}).get(actual.key, ())
            if actual.guard:
                yield actual, f"{actual.guard}; nothing is declared about administrators"
            elif actual.key in twice:
                yield actual, "stands there twice under one key"
            elif any(card.key in self.desired.entities.get(other.name, {}) for other in hanging for card in cards):
                yield actual, "one of the cards is declared for somebody else"
            else:
                yield actual, ""


def _twice(keys: Iterable[str]) -> set[str]:
    return {key for key, count in Counter(keys).items() if count > 1}


def _written(world: World, resource: Resource, look: Look, undeclared: _Undeclared) -> Transcripts:
    subject, hanging = kinds_of(look.provider)
    left: list[Left] = []
    groups: dict[str, list[Row]] = defaultdict(list)
    for actual, why in undeclared.judged(subject, hanging):
        cards = None if undeclared.found.hanging is None else undeclared.found.hanging.get(actual.key, [])
        made = why or _transcript(look.provider, actual, cards)
        if isinstance(made, Transcript):
            groups[digest([made.section, made.words])].append(Row(actual, tuple(cards or ()), made))
        else:
            left.append(Left(subject.name, actual.key, actual.label, world.scrub(made)))
    kept: list[list[Row]] = []
    for rows in groups.values():
        good = []
        for row, trouble in Trial(look.provider, look.facts, zone_of(resource)).run(rows):
            if trouble:
                left.append(Left(subject.name, row.actual.key, row.actual.label, world.scrub(trouble)))
            else:
                good.append(row)
        if good:
            kept.append(good)
    return _assembled(resource.address, kept, tuple(left))


def _transcript(provider: TargetProvider, actual: Actual, cards: Sequence[Actual] | None) -> Transcript | str:
    assert provider.transcribe is not None
    if any(not text.isprintable() for text in (actual.key, actual.label)):
        return "its name or number holds control characters"
    return provider.transcribe(actual, cards)


def _assembled(address: Address, groups: Sequence[Sequence[Row]], left: tuple[Left, ...]) -> Transcripts:
    if not groups:
        return Transcripts(address, left=left)
    first = groups[0][0].transcript
    fields = dict.fromkeys(name for rows in groups for row in rows for name in row.transcript.cells)
    grouped = len(groups) > 1
    columns = (first.key_field, *fields, *((GROUP,) if grouped else ()))
    items: list[Item] = []
    lines: list[tuple[str, ...]] = []
    for rows in sorted(groups, key=len, reverse=True):
        called = _unused(rows[0].transcript.called, {item.called for item in items})
        items.append(Item(called, rows[0].transcript.words))
        lines += [(*row.cells(columns[: 1 + len(fields)]), *((called,) if grouped else ())) for row in rows]
    cards = sum(len(row.hanging) for rows in groups for row in rows)
    return Transcripts(address, first.section, first.key_field, columns, tuple(lines), tuple(items), left, cards)


def _unused(name: str, taken: set[str]) -> str:
    number = 2
    candidate = name
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    return candidate
