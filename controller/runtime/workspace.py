"""The only place that wires: specs, state, keys, secrets and HTTP become a workspace for the command line and the dashboard."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec

from controller.engine.applying.apply import Run, apply_plan, remaining
from controller.engine.check import TestResult, check
from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.engine.review.rules import must_be_allowable, rulebook, ruled
from controller.engine.side_by_side import side_by_side
from controller.engine.standing import after_look
from controller.engine.telling import Listener, unheard
from controller.engine.today.asking import today
from controller.engine.world import Report, World, silent
from controller.model.address import Address
from controller.model.change import Plan
from controller.model.errors import KeyUnusable, LeaseLost, PlanRejected, StateUnusable, UsageError
from controller.model.event import ConditionState
from controller.model.outcome import RunResult
from controller.model.scope import EVERYTHING, Scope
from controller.runtime.connect import Logins, connect
from controller.runtime.pictures import Gallery
from controller.runtime.secrets import Resolver
from controller.runtime.selection import existing, must_allow_something, must_mean_something
from controller.sdk.context import Clock
from controller.sdk.errors import ProviderError
from controller.sdk.provider import TargetProvider
from controller.spec.departed import recalled
from controller.spec.load import load_specs
from controller.spec.resource import Resource, Specs
from controller.spec.trust import load_trust
from controller.state.keys import VARIABLE, Keys, create_key, load_keys
from controller.state.lease import acquire
from controller.state.rows import Protection
from controller.state.store import State
from controller.state.upkeep.rotation import settle


@dataclass(frozen=True)
class Options:
    """What a command was given: where the specs and the state are, the environment, the clock. ``trust`` binds secrets to hosts,
    ``vars_files`` hold the values that specs take with ``{var: NAME}``."""

    specs: tuple[Path, ...]
    state: Path
    trust: Path | None
    environ: Mapping[str, str] = field(repr=False)  # secrets stand in it
    clock: Clock
    version: str = ""
    vars_files: tuple[Path, ...] = ()


_ADDRESS = "write Kind/name:entity/key, for example Device/front-door:person/1001"


class ResourceStatus(msgspec.Struct, frozen=True):
    """How a resource stands, from what is remembered: nothing is asked over the network. ``owned`` counts entities by kind."""

    address: str
    provider: str
    conditions: tuple[ConditionState, ...] = ()
    owned: dict[str, int] = {}
    last_run: str = ""
    last_read: str = ""


class LeaseGone(ProviderError):
    """Somebody else has taken over the state, so nothing more may be sent."""

    code = "lease-lost"
    retry = False


class Workspace:
    """The verbs, for whoever shows their results. Made by ``open_workspace``."""

    def __init__(self, world: World, options: Options, insisting: World) -> None:
        """``insisting`` tries also a login that was refused a moment ago."""
        self._world, self._options, self._insisting = world, options, insisting
        self.specs = world.specs
        self.secrets = world.state.secrets

    @property
    def world(self) -> World:
        """For the verbs that stand in modules of their own (``verbs``)."""
        return self._world

    def with_specs(self, specs: Specs) -> Workspace:
        """The same state and keys, working with these specs: for a verb that must hold less than what is declared."""
        return Workspace(replace(self._world, specs=specs), self._options, replace(self._insisting, specs=specs))

    @property
    def options(self) -> Options:
        return self._options

    async def plan(
        self, scope: Scope = EVERYTHING, *, allow: frozenset[str] = frozenset(), offline: bool = False,
        on_progress: Report = silent, replacing: Sequence[str] = (), destroy: bool = False,
    ) -> Planned:  # fmt: skip
        """A signed plan. Reads sources and targets; writes nothing to them. ``replacing`` names entities to be made anew; with
        ``destroy`` nothing is wanted any more of what the scope covers."""
        await self._must_cover_something(scope)
        if replacing:
            await self.know_records(offline=offline, on_progress=on_progress)
        anew = frozenset(self._entity(text) for text in replacing)
        must_be_allowable(self.specs.controller.rules, allow)
        must_allow_something(allow, self.specs, await self._world.state.inventory.resources())
        planned = await make_plan(self._world, Wanted(scope, allow, offline, anew, destroy), on_progress)
        self._must_have_covered_something(planned, scope)
        if not self._world.read_only and not destroy:
            await after_look(replace(self._world, specs=planned.specs or self.specs), planned.plan)
        return replace(planned, plan=planfile.signed(planned.plan, self._world.keys))

    async def drift(self, scope: Scope = EVERYTHING, *, on_progress: Report = silent) -> Planned:
        """What was changed at the targets since it was last written there; the rest of the plan is left out.

        Not signed: it is a part of a plan, judged by nobody, and must not be applied from a file.
        """
        planned = await self.plan(scope, on_progress=on_progress)
        changes = tuple(change for change in planned.plan.changes if change.drift)
        return replace(planned, plan=msgspec.structs.replace(planned.plan, changes=changes, notices=(), signature=""))

    async def know_records(self, *, offline: bool = False, on_progress: Report = silent) -> None:
        """Ask the sources of ``forEach`` which resources there are; from then on they are among ``specs``. Where nothing is made of
        records this asks nobody. Plans and applies do it themselves."""
        if self.specs.generators and not self.specs.expanded:
            now = await today(self._world, offline=offline, report=on_progress)
            self._world, self.specs = replace(now.world, known_as={}), now.world.specs

    def write_plan(self, plan: Plan, path: Path) -> None:
        planfile.write(plan, path)

    def read_plan(self, path: Path) -> Plan:
        """A plan file that may be applied here and now; raises PlanRejected. Rules that hold only at certain times are asked
        again: it may come to forbid more than when it was made, never less."""
        plan = planfile.admit(planfile.read(path, self._world.keys), self._world)
        return planfile.signed(ruled(rulebook(self.specs, self._options.clock.now()), plan), self._world.keys)

    async def apply(
        self, planned: Planned | Plan, *, on_progress: Report = silent, stop: asyncio.Event | None = None,
        wait: float = 0.0, tell: Callable[[str], None] = lambda line: None, listener: Listener = unheard,
    ) -> RunResult:  # fmt: skip
        """Carry out a plan under the lease; raises LeaseHeld when somebody else is at it for longer than ``wait`` seconds.
        ``listener`` is told each thing that happens, once it is written down."""
        if isinstance(planned, Plan):
            planned = Planned(planfile.admit(planned, self._world))
        planfile.must_hold(planned.plan, self._world)
        async with await acquire(self._world.state, "apply", wait=wait, ttl=lease_length(self.specs)) as lease:
            run = Run(partial(_before_send, lease.check), stop or asyncio.Event(), on_progress, tell, listener)
            return await apply_plan(self._world, planned, run)

    async def resume(
        self, run: str, *, on_progress: Report = silent, stop: asyncio.Event | None = None, wait: float = 0.0,
        listener: Listener = unheard,
    ) -> RunResult:  # fmt: skip
        """Do what a run left undone, from its own plan; ``latest`` names the last run."""
        state = self._world.state
        if run == "latest":
            run = next((row.run for row in await state.runs.latest(1)), run)
        raw = await state.runs.plan(run)
        if raw is None:
            raise PlanRejected(
                f"there is no run {run!r} in this state",
                hint="nothing was done; to go on with the last run: trueup apply --resume latest",
            )
        plan = planfile.admit(planfile.decode(raw, self._world.keys, f"run {run}"), self._world)
        left = planfile.signed(remaining(plan, await state.outcomes.of_run(run)), self._world.keys)  # it may be stopped again
        return await self.apply(Planned(left), on_progress=on_progress, stop=stop, wait=wait, listener=listener)

    async def status(self, scope: Scope = EVERYTHING) -> list[ResourceStatus]:
        """Every declared resource, and those that are owned although nobody declares them any more. Raises UsageError where the
        selection leaves none."""
        counts = await self._world.state.inventory.counts()
        addresses = dict.fromkeys([*(str(r.address) for r in self.specs.targets), *counts])
        chosen = [a for a in addresses if scope.covers_resource(Address.parse(a), self.specs.labels_of(a))]
        if not chosen and not scope.everything:
            raise UsageError(f"nothing matches {' '.join(scope.words())}", hint=f"there are: {', '.join(list(addresses)[:8])}")
        return [await self._status(address, counts.get(address, {})) for address in chosen]

    async def _status(self, address: str, owned: dict[str, int]) -> ResourceStatus:
        state, resource = self._world.state, self.specs.by_address.get(address)
        known = await state.targets.get(address)
        reads = await state.targets.last_read(address)
        return ResourceStatus(
            address,
            resource.provider.name if resource else "",
            tuple(await state.conditions.of(address)),
            owned,
            known.last_run if known else "",
            max((read.read_at for read in reads.values()), default=""),
        )

    async def test(self, scope: Scope = EVERYTHING) -> list[TestResult]:
        """Ask resources who they are, side by side; sources too."""
        await self.know_records()
        chosen = [r for r in self.specs.resources if scope.covers_resource(r.address, r.labels)]
        if not chosen:
            given = " ".join(words.removeprefix("--target ") for words in scope.words())
            meant = scope.targets[0] if len(scope.targets) == 1 else ""
            raise UsageError(f"no resource matches {given}", hint=existing(self.specs.resources, meant))
        return await side_by_side(check(self._insisting, resource) for resource in chosen)

    async def protections(self) -> list[Protection]:
        return await self._world.state.protections.all()

    async def release(self, resource: str, pattern: str) -> bool:
        """Take a remembered protection back; False when there was none."""
        return await self._world.state.protections.release(resource, pattern)

    def targets(self, scope: Scope) -> tuple[Resource, ...]:
        """The declared targets that a selection is about; raises UsageError when there are none."""
        found = tuple(r for r in self.specs.targets if scope.covers_resource(r.address, r.labels))
        if not found:
            given = " ".join(scope.words())
            hint = existing(self.specs.targets, scope.targets[0] if len(scope.targets) == 1 else "")
            raise UsageError(f"nothing declared matches {given}" if given else "no target is declared", hint=hint)
        return found

    async def _must_cover_something(self, scope: Scope) -> None:
        """What records make is not known yet; then it is asked again once it is."""
        if not self.specs.generators:
            await must_mean_something(scope, self.specs, self._world.state.inventory.resources)

    def _must_have_covered_something(self, planned: Planned, scope: Scope) -> None:
        if self.specs.generators and not (planned.plan.resources or planned.plan.notices):
            self.targets(scope)

    def _entity(self, text: str) -> Address:
        """An entity on a declared target."""
        try:
            address = Address.parse(text)
        except ValueError as wrong:
            raise UsageError(str(wrong), hint=_ADDRESS) from None
        if not address.entity or "*" in text:
            raise UsageError(f"{text} is not one entity", hint=_ADDRESS)
        self.targets(Scope(targets=(str(address.resource),)))
        return address


def lease_length(specs: Specs) -> float:
    """Seconds. More than twice the longest call: one that is under way when the lease was last seen must end within it."""
    endpoints = [r.provider.endpoint(r.config) for r in specs.targets if isinstance(r.provider, TargetProvider)]
    longest = max((endpoint.connect + endpoint.longest_answer for endpoint in endpoints), default=0.0)
    return max(60.0, 2.1 * longest)


def _before_send(check_lease: Callable[[], None]) -> None:
    try:
        check_lease()
    except LeaseLost as lost:
        raise LeaseGone(lost.message, hint=lost.hint) from lost


@asynccontextmanager
async def open_workspace(options: Options, *, write: bool) -> AsyncIterator[Workspace]:
    """Load specs, key and state. Without ``write`` a state that can only be read will do; then nothing new is remembered.

    Raises SpecInvalid, KeyUnusable, StateUnusable, and what the trust file may raise.
    """
    specs = load_specs(options.specs, vars_files=options.vars_files)
    trust = load_trust(options.trust, options.specs) if options.trust else None
    keys = open_keys(options)
    async with _open_state(options, keys, write=write) as (state, read_only), AsyncExitStack() as stack:
        keys = state.keys or keys  # with the fingerprint key that the state keeps
        specs = replace(specs, departed=await _departed(state, specs))
        vault = await state.secrets.vault()
        resolver = Resolver(options.environ, vault, options.state.parent, trust)
        opened = partial(
            connect, resolver=resolver, clock=options.clock, logins=Logins(state.logins, keys.fingerprint, remember=not read_only)
        )
        gallery = await stack.enter_async_context(Gallery(specs.sources, opened, options.clock, options.state.parent))
        opened = partial(opened, gallery=gallery)
        world = World(
            specs=specs,
            state=state,
            keys=keys,
            clock=options.clock,
            connect=opened,
            scrub=resolver.scrubber.scrub,
            version=options.version,
            host=platform.node(),
            read_only=read_only,
            keep_secret=resolver.keep,
            lanes=asyncio.Semaphore(specs.controller.parallel_devices),
        )
        insisting = partial(opened, logins=replace(opened.keywords["logins"], insist=True))
        yield Workspace(world, options, replace(world, connect=insisting))


async def _departed(state: State, specs: Specs) -> tuple[Resource, ...]:
    """What no spec declares any more and is to be emptied: known from the last time it was applied."""
    owned = set(await state.inventory.resources())
    rows = [row for row in await state.targets.all() if row.resource in owned and row.resource not in specs.by_address]
    known = [row for row in rows if specs.is_gone(row.resource)]
    return tuple(resource for row in known if (resource := recalled(row.document)) is not None)


def open_keys(options: Options) -> Keys:
    """The workspace's key; made on first use, unless a state is there already, which then must have its own. A rotation that
    was cut off is finished first."""
    if VARIABLE not in options.environ and (rotated := settle(options.state)) is not None:
        return rotated
    try:
        return load_keys(options.state, options.environ)
    except KeyUnusable:
        if VARIABLE in options.environ or (options.state / "key").exists() or State.exists(options.state):
            raise
        return create_key(options.state)


@asynccontextmanager
async def _open_state(options: Options, keys: Keys, *, write: bool) -> AsyncIterator[tuple[State, bool]]:
    read_only = False
    try:
        state = State.open(options.state, keys=keys, clock=options.clock)
    except StateUnusable:
        if write or not State.exists(options.state):
            raise
        state, read_only = State.open(options.state, keys=keys, clock=options.clock, read_only=True), True
    async with state:
        yield state, read_only


@asynccontextmanager
async def open_secrets(options: Options) -> AsyncIterator[State]:
    """The state alone, for the commands that keep secrets: they must work before any spec does."""
    async with State.open(options.state, keys=open_keys(options), clock=options.clock) as state:
        yield state


__all__ = ["Options", "Resource", "ResourceStatus", "Workspace", "open_keys", "open_secrets", "open_workspace"]
