"""What a run did to each entity, as a rollback needs it: in the order in which it was done, with what stood there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.engine.past.account import Account
from controller.engine.past.images import opened, reference
from controller.model.change import Action, Change
from controller.model.entity import Actual, EntityKind
from controller.model.errors import UsageError
from controller.model.outcome import Outcome, Status
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Specs
from controller.state.rows import Begun
from controller.state.store import State

Place = tuple[str, str]  # kind, token
_NOTES = frozenset({"refresh", "move"})  # what changed our notes alone


@dataclass(frozen=True)
class Deed:
    """One change that was done. ``before`` None: nothing stood there, or it is not kept any more; ``image`` names it."""

    change: Change
    before: Actual | None
    image: str


@dataclass
class Entry:
    """All that the run did to one entity. ``unsure``: nobody knows how one of its changes ended."""

    kind: EntityKind
    token: str
    label: str
    deeds: list[Deed] = field(default_factory=list)
    unsure: bool = False


@dataclass
class Done:
    """What the run did on one resource. ``identity`` is the serial number of who answered then."""

    identity: str = ""
    entries: dict[Place, Entry] = field(default_factory=dict)


async def deeds_of(state: State, specs: Specs, account: Account) -> tuple[dict[str, Done], list[str]]:
    """What the run did by resource, and the resources that no spec declares any more. Raises UsageError where that is not known."""
    if account.row.status == "running":
        raise UsageError(f"run {account.row.run} is not over", hint="wait for its end; if it was killed, the next apply closes it")
    if account.plan is None:
        message = f"the plan of run {account.row.run} is not kept any more, so nobody knows what stood there before"
        raise UsageError(message, hint="choose a younger run: trueup history")
    begun = await state.past.begun(account.row.run)
    identities = {summary.address: summary.identity for summary in account.plan.resources}
    found: dict[str, Done] = {}
    undeclared: dict[str, None] = {}
    for outcome, change in _ended(account, begun):
        resource = specs.by_address.get(outcome.resource)
        if resource is None or not isinstance(resource.provider, TargetProvider):
            undeclared[outcome.resource] = None
            continue
        kind = resource.provider.kind_of(outcome.kind)
        identity = identities.get(change.resource, "")
        done = found.setdefault(outcome.resource, Done(identity))
        entry = done.entries.setdefault((kind.name, outcome.key), Entry(kind, outcome.key, change.label))
        if outcome.status is Status.DONE:
            entry.deeds.append(_deed(state, entry, change, begun))
        else:
            entry.unsure = True
    return found, list(undeclared)


def _ended(account: Account, begun: Mapping[str, Begun]) -> list[tuple[Outcome, Change]]:
    """What was done or may have been, in the order of the plan, in which it was done."""
    ended = {entry.outcome.change: entry.outcome for entry in account.ended}
    found = []
    for change in account.changes.values():
        outcome = ended.get(change.id)
        if outcome is None and change.id in begun:  # killed in between: only a look will tell
            outcome = Outcome(change.id, change.resource, change.kind, change.key, change.action.value, Status.FAILED)
            found.append((outcome, change))
        elif outcome is not None and outcome.action not in _NOTES and _touched(outcome):
            found.append((outcome, change))
    return found


def _touched(outcome: Outcome) -> bool:
    return outcome.status is Status.DONE or outcome.effect == "unknown"


def _deed(state: State, entry: Entry, change: Change, begun: Mapping[str, Begun]) -> Deed:
    known = begun.get(change.id)
    before = opened(state, entry.kind, known) if known and change.action is not Action.FORGET else None
    return Deed(change, before, reference(known.run, change.id) if known else "")
