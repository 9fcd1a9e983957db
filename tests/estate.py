"""Real spec files over doors and registers in memory: doors are found by the host of their URL, registers by name.

For what ties documents together: one door per record, defaults, names that change, doors that wait for each other.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import urlsplit

from pydantic import Field

from controller.engine.applying.apply import Run, apply_plan
from controller.engine.plans.planfile import admit, decode, encode, signed
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.engine.standing import after_look
from controller.engine.world import World
from controller.model.change import Plan
from controller.model.outcome import RunResult
from controller.model.record import FieldType, Record
from controller.registry import Entry, Registry
from controller.runtime.scrubber import Scrubber
from controller.runtime.secrets import Resolver
from controller.sdk.context import Context, Endpoint
from controller.sdk.mapping import SpecModel
from controller.sdk.provider import Problem, SourceProvider, TargetProvider
from controller.sdk.reference import SecretRef
from controller.spec.departed import recalled
from controller.spec.load import load_specs
from controller.spec.resource import Resource, Specs
from controller.state.keys import Keys
from controller.state.store import State
from tests.memory import CARD, PERSON, Clock, Door, DoorReader, DoorWriter, People, Register, bar, desired, kinds_of

BOOTSTRAP = frozenset({"bootstrap"})
FIELDS = {name: FieldType.STRING for name in ("id", "url", "password", "site", "port", "name", "until", "kept")}


class DoorConfig(SpecModel):
    """A door that is found by its address."""

    url: str = Field(description="Address of the door.")
    username: str = Field("admin", description="Who writes.")
    password: SecretRef | None = Field(None, description="Password.")
    port: int = Field(80, description="A number.")
    zone: str | None = Field(None, description="Zone of the door.")
    serial: str | None = Field(None, description="Serial number.")


class RegisterConfig(SpecModel):
    """A register in memory, by name."""

    name: str = Field(description="Which register.")


class Estate:
    """``write`` the specs, fill ``registers``, add ``doors`` by host, then ``plan`` and ``apply``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.keys = Keys(b"k" * 32)
        self.doors: dict[str, Door] = {}
        self.registers: dict[str, Register] = {"members": Register(), "terminals": Register()}
        self.passwords: dict[str, str] = {}  # by host: what was sent
        self.objects: list[Problem] = []
        self.vars_files: list[Path] = []
        self.scrubber = Scrubber()
        self.stop = asyncio.Event()

    def write(self, text: str, name: str = "site.yaml") -> None:
        (self.folder / "specs").mkdir(exist_ok=True)
        (self.folder / "specs" / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def door(self, host: str) -> Door:
        return self.doors.setdefault(host, Door(serial=f"S-{host}"))

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        module = ModuleType("trueup_estate")
        vars(module).update(DOOR=self._door_provider(), REGISTER=self._register_provider())
        with patch.dict("sys.modules", trueup_estate=module):
            entries = (Entry("door", "trueup_estate:DOOR", "Device"), Entry("register", "trueup_estate:REGISTER", "Source"))
            yield Registry(entries, (), lambda group: ())

    def specs(self) -> Specs:
        with self.registry() as registry:
            return load_specs([self.folder / "specs"], registry, self.vars_files)

    def _door_provider(self) -> TargetProvider:
        @asynccontextmanager
        async def reader(config: DoorConfig, context: Context) -> AsyncIterator[DoorReader]:
            yield DoorReader(self._reached(config))

        @asynccontextmanager
        async def writer(config: DoorConfig, context: Context) -> AsyncIterator[DoorWriter]:
            yield DoorWriter(self._reached(config))

        return TargetProvider(
            "door", "A door", "Device", DoorConfig, (PERSON, CARD), {"people": People},
            endpoint=lambda c: Endpoint(c.url, c.username, c.password), kinds_of=kinds_of, desired=desired,
            fit=lambda entity, facts: entity, reader=reader, writer=writer, bar=bar, check=lambda resource: self.objects,
            identity=lambda c: c.serial, zone=lambda c: c.zone, batch=5,
        )  # fmt: skip

    def _reached(self, config: DoorConfig) -> Door:
        return self.door(urlsplit(config.url).hostname or "")

    def _register_provider(self) -> SourceProvider:
        @asynccontextmanager
        async def source(config: RegisterConfig, context: Context) -> AsyncIterator[Register]:
            yield self.registers[config.name]

        return SourceProvider(
            "register", "A register", RegisterConfig, lambda c: "person", lambda c: FIELDS, source,
            endpoint=lambda c: Endpoint("http://register.invalid") if self.registers[c.name].network else None,
            sensitive=lambda c: frozenset({"kept"}),
        )  # fmt: skip

    @asynccontextmanager
    async def world(self) -> AsyncIterator[World]:
        async with State.open(self.folder / ".trueup", keys=self.keys, clock=self.clock) as state:
            specs = self.specs()
            resolver = Resolver({}, None, self.folder)
            self.scrubber = resolver.scrubber

            @asynccontextmanager
            async def connect(resource: Resource) -> AsyncIterator[Context]:
                if isinstance(resource.provider, TargetProvider):
                    endpoint = resource.provider.endpoint(resource.config)
                    host = urlsplit(endpoint.url).hostname or ""
                    self.passwords[host] = resolver.resolve(endpoint.password, host) if endpoint.password else ""
                yield Context(http=cast(Any, None), clock=self.clock)

            with self.registry() as registry:
                owned = set(await state.inventory.resources())
                rows = [r for r in await state.targets.all() if r.resource in owned and r.resource not in specs.by_address]
                rows = [r for r in rows if specs.is_gone(r.resource)]
                departed = tuple(r for row in rows if (r := recalled(row.document, registry)) is not None)
            specs = replace(specs, departed=departed)
            yield World(specs, state, self.keys, self.clock, connect, resolver.scrub, keep_secret=resolver.keep)

    async def plan(self, wanted: Wanted | None = None) -> Planned:
        async with self.world() as world:
            planned = await make_plan(world, wanted or Wanted(allow=BOOTSTRAP))
            await after_look(replace(world, specs=planned.specs or world.specs), planned.plan)
            return planned

    async def apply(self, planned: Planned | None = None) -> RunResult:
        async with self.world() as world:
            planned = planned or await make_plan(world, Wanted(allow=BOOTSTRAP))
            return await apply_plan(world, planned, Run(lambda: None, self.stop))

    async def saved(self, plan: Plan) -> RunResult:
        """Apply a plan as if it had been written to a file and read back by another process."""
        raw = encode(signed(plan, self.keys))
        async with self.world() as world:
            read = admit(decode(raw, self.keys, "plan.json"), world)
            return await apply_plan(world, Planned(read), Run(lambda: None, self.stop))


def terminal(key: str, **more: str) -> Record:
    """A row of the table of terminals."""
    return Record(
        f"row-{key}",
        {"id": key, "url": f"http://10.0.0.{key}", "password": f"pass-word-{key}", "site": "gym", **more},
        f"row {key}",
    )
