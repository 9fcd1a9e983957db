"""A door and a register in memory, at the seam of the providers: what the engine's own tests run against.

The door behaves like a device (persons and cards, cards go with their person) and can be told to fail at any call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from controller.engine.applying.apply import Run, apply_plan
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.engine.standing import after_look
from controller.engine.world import World
from controller.model.address import Address
from controller.model.change import Action
from controller.model.diagnostic import Place
from controller.model.encoding import digest
from controller.model.entity import Actual, Effect, Entity, EntityKind, Facts, Field, Page, Provenance, Refusal
from controller.model.outcome import RunResult
from controller.model.period import Period, period_effect, show_period
from controller.model.record import FieldType, Record, Unreadable, Value
from controller.sdk.context import Context, Endpoint
from controller.sdk.errors import Conflict, Done, Incomplete, ProviderError
from controller.sdk.mapping import SpecModel, SubjectMapping
from controller.sdk.provider import Ref, Selected, SourceProvider, TargetProvider, Wish, Write, Written
from controller.spec.policy import ControllerSpec, Policy
from controller.spec.resource import Mapped, Resource, Specs
from controller.state.keys import Keys
from controller.state.store import State

Manage = Literal["person", "card", "valid"]


class Empty(SpecModel):
    """A config without words."""

    name: str = "door"


class People(SubjectMapping):
    """The mapping of the memory door: keys, names and periods are taken from fields of fixed names."""

    manage: tuple[Manage, ...] = ("person",)


def _doors_effect(before: Any, after: Any) -> Effect:
    if before == after:
        return Effect.NEUTRAL
    return Effect.GRANTS if set(after or ()) - set(before or ()) else Effect.REVOKES


PERSON = EntityKind(
    "person",
    (
        Field("name", type=str, identity=True),
        Field("valid", type=Period, effect=period_effect, show=show_period),
        Field("doors", type=tuple[int, ...], effect=_doors_effect),
    ),
    plural="persons",
)
CARD = EntityKind(
    "card",
    (Field("owner", type=str, immutable=True, identity=True),),
    after=("person",),
    sensitive_key=True,
    expires=False,
    plural="cards",
)
BARRED = Period("2000-01-01T00:00:00", "2000-01-01T23:59:59")


class Clock:
    """Time that moves only when told; sleeping moves it."""

    def __init__(self, now: datetime = datetime(2026, 5, 1, 8, tzinfo=UTC)) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Door:
    """What a device holds. ``fail`` is asked before every call with its name and may raise; ``after`` once a write took effect."""

    persons: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)  # number -> owner
    administrators: set[str] = field(default_factory=set)
    serial: str = "S1"
    offset: float | None = 0.0
    capacity: int | None = None
    page: int = 30
    calls: list[str] = field(default_factory=list)
    fail: Callable[[str], None] = lambda call: None
    after: Callable[[Write], None] = lambda write: None
    shows: Callable[[Actual], Actual] = lambda actual: actual

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if call.startswith("write")]

    def call(self, name: str) -> None:
        self.calls.append(name)
        self.fail(name)

    def person(self, key: str) -> Actual:
        guard = "is an administrator at the device" if key in self.administrators else ""
        values = self.persons[key]
        return self.shows(Actual(key, values, remote_id=key, guard=guard, label=str(values[0] or "")))

    def card(self, number: str) -> Actual:
        owner = self.cards[number]
        return self.shows(Actual(number, (owner,), subject=owner))

    def entities(self, kind: str) -> list[Actual]:
        return [self.person(k) for k in self.persons] if kind == "person" else [self.card(n) for n in self.cards]


@dataclass
class DoorReader:
    door: Door

    async def facts(self) -> Facts:
        self.door.call("facts")
        capacity = {"person": (len(self.door.persons), self.door.capacity)}
        return Facts(self.door.serial, "memory", "1", self.door.offset, capacity)

    async def observe(self, kinds: Sequence[str]) -> AsyncIterator[Page]:
        for kind in kinds:
            entities = self.door.entities(kind)
            for start in range(0, max(len(entities), 1), self.door.page):
                self.door.call(f"observe {kind}")
                await asyncio.sleep(0)
                yield Page(kind, entities[start : start + self.door.page], len(entities))

    async def read(self, kind: str, refs: Sequence[Ref]) -> list[Actual]:
        self.door.call(f"read {kind}")
        keys, subjects = {r.key for r in refs if r.key}, {r.subject for r in refs if r.subject}
        found = self.door.entities(kind)
        return [a for a in found if a.key in keys or (kind == "card" and a.subject in subjects)]


@dataclass
class DoorWriter:
    door: Door

    async def apply(self, writes: Sequence[Write]) -> AsyncIterator[Written]:
        for write in writes:
            try:
                self.door.call(f"write {write.action.value} {write.kind}/{write.key}")
                self._do(write)
                self.door.after(write)
            except ProviderError as error:
                if error.scope.value == "target":
                    raise
                yield Written(write.id, error.effect, error)
            else:
                yield Written(write.id, Done.DONE, remote_id=write.key if write.kind == "person" else "")  # a number stays inside

    def _do(self, write: Write) -> None:
        door = self.door
        match write.kind, write.action:
            case "person", Action.DELETE:
                door.persons.pop(write.key, None)
                door.cards = {number: owner for number, owner in door.cards.items() if owner != write.key}
            case "person", Action.CREATE if write.key in door.persons:
                raise Conflict("is there already", code="exists")
            case "person", _:
                door.persons[write.key] = write.values
            case "card", Action.DELETE:
                door.cards.pop(write.key, None)
            case _:
                if door.cards.get(write.key, write.values[0]) != write.values[0]:
                    raise Conflict("the card belongs to somebody else")
                door.cards[write.key] = write.values[0]


@dataclass
class Register:
    """A source of records. ``fail_after`` raises once so many rows were given; ``fail`` before the first."""

    rows: list[Record | Unreadable] = field(default_factory=list)
    fail_after: int | None = None
    error: ProviderError = field(default_factory=lambda: Incomplete("the list ended early"))
    network: bool = True

    async def facts(self) -> Facts:
        return Facts(notes=(f"{len(self.rows)} rows",))

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        for index, row in enumerate(self.rows):
            if index == self.fail_after:
                raise self.error
            yield row
        if self.fail_after is not None and self.fail_after >= len(self.rows):
            raise self.error


def record(key: str, until: str = "2026-12-31T23:59:59", **more: Value) -> Record:
    """A member who may enter until then; ``card`` gives a card."""
    return Record(key, {"id": key, "name": f"Member {key}", "until": until, **more}, place=f"row {key}")


def desired(mapping: People, selected: Iterable[Selected], zone: ZoneInfo | None, spec: str) -> Iterator[Wish]:
    for item in selected:
        fields, origin = item.fields, Provenance(spec, item.refs)
        key = str(fields["id"])
        if not fields.get("until"):
            yield Refusal("person", key, "validity-end-missing", f"{key} has no end of validity", item.refs[0], origin)
            continue
        period = Period("2026-01-01T00:00:00", str(fields["until"]))
        if "valid" in mapping.manage:
            yield Entity("person", key, (None, period, None), managed=("valid",), only_existing=True, provenance=origin)
            continue
        if "person" in mapping.manage:
            yield Entity("person", key, (fields["name"], period, (1,)), provenance=origin, label=str(fields["name"]))
        if "card" in mapping.manage and fields.get("card"):
            number = str(fields["card"])
            yield Entity("card", number, (key,), subject=key, provenance=origin, label=str(fields["name"]))


def bar(kind: str, actual: Actual, moment: datetime) -> tuple[Any, ...] | None:
    if kind == "card" or actual.values[1].over_at(moment.strftime("%Y-%m-%dT%H:%M:%S")):
        return None
    return (actual.values[0], BARRED, actual.values[2])


def kinds_of(mapping: People) -> tuple[str, ...]:
    return tuple(dict.fromkeys("person" if word == "valid" else word for word in mapping.manage))


ANYTHING = Wanted()


class Site:
    """A workspace in memory: doors and registers by name, specs made of them, and the verbs as short calls."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder
        self.clock = clock or Clock()
        self.doors: dict[str, Door] = {"front": Door()}
        self.departed: dict[str, Door] = {}
        self.registers: dict[str, Register] = {"members": Register()}
        self.policies: dict[str, dict[str, Any]] = {}
        self.manage: tuple[Manage, ...] = ("person",)
        self.where: dict[str, Any] = {}
        self.sources: tuple[str, ...] = ("members",)
        self.controller = ControllerSpec(timezone="Europe/Stockholm")
        self.keys = Keys(b"k" * 32)
        self.stop = asyncio.Event()
        self.before_send: Callable[[], None] = lambda: None
        self.connections = 0
        self.declared_serial: str | None = None
        self.keeps_time = False

    @property
    def front(self) -> Door:
        return self.doors["front"]

    @property
    def members(self) -> Register:
        return self.registers["members"]

    def specs(self) -> Specs:
        resources = [self._source(name) for name in self.registers] + [self._device(name) for name in self.doors]
        content = [[str(r.address), r.policy.model_dump(mode="json"), list(self.manage), self.where] for r in resources]
        departed = tuple(self._device(name) for name in self.departed)
        return Specs(tuple(resources), self.controller, digest(content), departed=departed)

    def _source(self, name: str) -> Resource:
        register = self.registers[name]

        @asynccontextmanager
        async def source(config: Empty, context: Context) -> AsyncIterator[Register]:
            yield register

        fields: Mapping[str, FieldType] = {"id": FieldType.STRING, "name": FieldType.STRING, "until": FieldType.STRING}
        provider = SourceProvider(
            "memory",
            "memory",
            Empty,
            lambda config: "person",
            lambda config: fields,
            source,
            endpoint=lambda config: Endpoint("http://register.invalid") if register.network else None,
        )
        return self._resource("Source", name, provider, Policy(), ())

    def _device(self, name: str) -> Resource:
        door = self.doors.get(name) or self.departed[name]

        @asynccontextmanager
        async def reader(config: Empty, context: Context) -> AsyncIterator[DoorReader]:
            yield DoorReader(door)

        @asynccontextmanager
        async def writer(config: Empty, context: Context) -> AsyncIterator[DoorWriter]:
            yield DoorWriter(door)

        provider = TargetProvider(
            name="memory",
            title="memory door",
            kind="Device",
            config=Empty,
            kinds=(PERSON, CARD),
            sections={"people": People},
            endpoint=lambda config: Endpoint(f"http://{name}.invalid"),
            kinds_of=kinds_of,
            desired=desired,
            fit=lambda entity, facts: entity,
            reader=reader,
            writer=writer,
            bar=bar,
            batch=5,
            identity=lambda config: self.declared_serial,
            keeps_time=self.keeps_time,
        )
        words = {"manage": list(self.manage), "where": self.where}
        mappings = tuple(
            Mapped("people", People.model_validate({"from": source, **words}), Place("doors.yaml", 10 + 10 * number))
            for number, source in enumerate(self.sources)
        )
        policy = Policy.model_validate(self.policies.get(name, {}))
        return self._resource("Device", name, provider, policy, mappings)

    def _resource(self, kind: str, name: str, provider: Any, policy: Policy, mappings: tuple[Mapped, ...]) -> Resource:
        place, zone = Place("doors.yaml", 1), self.controller.timezone
        return Resource(Address(kind, name), provider, Empty(), policy, {}, mappings, place, self.folder, digest([name]), zone=zone)

    @asynccontextmanager
    async def world(self) -> AsyncIterator[World]:
        async with State.open(self.folder / ".trueup", keys=self.keys, clock=self.clock) as state:
            yield World(self.specs(), state, self.keys, self.clock, self._connect)

    @asynccontextmanager
    async def _connect(self, resource: Resource) -> AsyncIterator[Context]:
        self.connections += 1
        yield Context(http=cast(Any, None), clock=self.clock)

    async def plan(self, wanted: Wanted = ANYTHING) -> Planned:
        async with self.world() as world:
            planned = await make_plan(world, wanted)
            await after_look(world, planned.plan)
            return planned

    async def apply(self, planned: Planned | None = None, *, bootstrap: bool = True) -> RunResult:
        async with self.world() as world:
            allow = frozenset({"bootstrap"}) if bootstrap else frozenset()
            if planned is None:
                planned = await make_plan(world, Wanted(allow=allow))
            return await apply_plan(world, planned, Run(self.before_send, self.stop))
