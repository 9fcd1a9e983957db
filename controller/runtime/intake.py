"""Taking in what is already there: into the inventory, or into records and specs. Wires; the decisions stand in the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from controller.engine.intake.taking import Taking, Which, make_taking, sealed
from controller.engine.intake.transcribing import Transcripts, transcribed
from controller.engine.plans import planfile
from controller.engine.side_by_side import side_by_side
from controller.engine.today.moving import moves_due
from controller.engine.wishes.gather import gather
from controller.engine.world import Report, silent
from controller.model.address import Address, Pattern
from controller.model.errors import UsageError
from controller.model.outcome import Progress, RunResult
from controller.model.scope import EVERYTHING, Scope
from controller.runtime.selection import existing
from controller.runtime.workspace import Workspace
from controller.sdk.errors import ProviderError
from controller.spec.resource import Resource


async def one_resource(workspace: Workspace, text: str) -> Resource:
    """The declared source or target of this address; raises UsageError when there is none."""
    try:
        address = Address.parse(text)
    except ValueError as wrong:
        raise UsageError(str(wrong), hint="write Kind/name, for example Device/front-door") from None
    await workspace.know_records()
    specs = workspace.specs
    found = specs.sources.get(address.name) if address.kind == "Source" else specs.by_address.get(str(address.resource))
    if found is None:
        raise UsageError(f"no spec declares {address.resource}", hint=existing(specs.resources))
    if address.entity:
        raise UsageError(f"{text} is one entity; a dump is of all that a resource keeps", hint=f"trueup dump {address.resource}")
    return found


async def chosen(workspace: Workspace, scope: Scope, report: Report = silent) -> tuple[Resource, ...]:
    """The targets that are meant; raises UsageError for a part of the selection that means none."""
    await workspace.know_records(on_progress=report)
    for pattern in scope.targets:
        if not any(Pattern(pattern).covers_resource(resource.address) for resource in workspace.specs.targets):
            raise UsageError(f"nothing declared matches {pattern}", hint=existing(workspace.specs.targets))
    return workspace.targets(scope)


# -- into the inventory ------------------------------------------------------------------------------------------------------


async def prepare_taking(workspace: Workspace, scope: Scope, which: Which, report: Report = silent) -> Taking:
    """What would be taken over; reads only."""
    await chosen(workspace, scope, report)
    taking = await make_taking(workspace.world, scope, which, report)
    plan = planfile.signed(taking.planned.plan, workspace.world.keys)
    return replace(taking, planned=replace(taking.planned, plan=plan))


async def take(
    workspace: Workspace, taking: Taking, which: Which, *, report: Report = silent, stop: asyncio.Event | None = None,
    wait: float = 0.0, tell: Callable[[str], None] = lambda line: None,
) -> RunResult:  # fmt: skip
    """Carry it out under the lease, as a run of its own. No way to write to a target is at hand here."""
    only_notes = workspace.with_specs(sealed(workspace.specs, which))

    def told(step: Progress) -> None:
        report(msgspec.structs.replace(step, doing="taking over" if step.doing == "writing" else step.doing))

    return await only_notes.apply(taking.planned, on_progress=told, stop=stop, wait=wait, tell=tell)


# -- into records ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unread:
    """A target that nothing can be written down about, and why."""

    address: Address
    message: str
    hint: str = ""


async def write_down(
    workspace: Workspace, resources: Sequence[Resource], *, with_cards: bool, report: Report = silent
) -> list[Transcripts | Unread]:
    """Who is there and declared by nobody, target by target; reads only. One that cannot be read keeps no other from it."""
    world = workspace.world
    gathered = await gather(world, resources, frozenset(), offline=False, report=report)
    renamed = (await moves_due(world, EVERYTHING)).names  # what is ours there still stands under another name

    async def one(resource: Resource) -> Transcripts | Unread:
        if old := renamed.get(str(resource.address)):
            return Unread(resource.address, f"it was {old}, and that is not applied yet", "first: trueup apply")
        if workspace.specs.made_by_records(str(resource.address)):
            hint = "import without --write-records takes over who is declared; to declare others, add them to its sources"
            return Unread(resource.address, "it is made by forEach, so no spec of its own can name its people", hint)
        desired = gathered.desired[str(resource.address)]
        if desired.failed:
            return Unread(resource.address, world.scrub(desired.failed), world.scrub(desired.hint))
        try:
            return await transcribed(world, resource, desired, with_cards=with_cards, report=report)
        except ProviderError as error:
            return Unread(resource.address, world.scrub(error.message), world.scrub(error.hint))

    return await side_by_side(one(resource) for resource in resources)
