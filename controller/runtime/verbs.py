"""The verbs beside plan and apply: understanding (why, try) and steering (refresh-only). Each is one engine question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.engine.plans.planning import Planned
from controller.engine.steer.refresh import take_as_written, what_moved
from controller.engine.why.answer import Answer
from controller.engine.why.asking import Question, why
from controller.engine.why.finding import Search, find
from controller.engine.why.trial import Expression, Trial, trial
from controller.engine.world import Report, silent
from controller.model.address import Address
from controller.model.errors import UsageError
from controller.model.outcome import RunResult
from controller.model.scope import Scope
from controller.runtime.workspace import Workspace
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Resource
from controller.state.lease import acquire


@dataclass(frozen=True)
class About:
    """What *why* is asked about, as it was given: addresses (entities or resources, resources may hold ``*``), labels, a record."""

    addresses: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    record: tuple[str, str] | None = None
    offline: bool = False


async def ask_why(workspace: Workspace, about: About, report: Report = silent) -> list[Answer]:
    """Answers about entities, about a record on the chosen resources, or about the resources."""
    await workspace.know_records(offline=about.offline, on_progress=report)
    entities = [_address(text) for text in about.addresses if ":" in text]
    if about.record is not None:
        resources = chosen(workspace, about)
        fed = tuple(r for r in resources if about.record[0] in _feeding(r))
        if not fed:
            raise UsageError(f"nothing draws on a source {about.record[0]}", hint=_sources(workspace))
        return await why(workspace.world, Question(fed, record=about.record, offline=about.offline), report)
    answers: list[Answer] = []
    for entity in entities:
        resource = declared(workspace, entity)
        answers += await why(workspace.world, Question((resource,), entity, offline=about.offline), report)
    if len(entities) < len(about.addresses) or not about.addresses:
        whole = replace(about, addresses=tuple(text for text in about.addresses if ":" not in text))
        answers += await why(workspace.world, Question(chosen(workspace, whole), offline=about.offline), report)
    return answers


async def search(workspace: Workspace, text: str, about: About, report: Report = silent) -> Search:
    """Who may be meant by a name, an e-mail address or a number."""
    if not text.strip():
        raise UsageError("--find needs something to look for", hint="a part of a name, an e-mail address or a number")
    await workspace.know_records(offline=about.offline, on_progress=report)
    return await find(workspace.world, text, chosen(workspace, about), offline=about.offline, report=report)


async def try_out(workspace: Workspace, source: str, expression: Expression, limit: int, report: Report = silent) -> Trial:
    resource = workspace.specs.sources.get(source.removeprefix("Source/"))
    if resource is None:
        raise UsageError(f"there is no source {source}", hint=_sources(workspace))
    return await trial(workspace.world, resource, expression, limit, report)


def chosen(workspace: Workspace, about: About) -> tuple[Resource, ...]:
    """The targets that are meant; raises UsageError when there are none."""
    scope = Scope(targets=tuple(text.partition(":")[0] for text in about.addresses), labels=about.labels)
    return workspace.targets(scope)


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as wrong:
        raise UsageError(str(wrong), hint="write Kind/name:entity/key, for example Device/front-door:person/1001") from None


def declared(workspace: Workspace, entity: Address) -> Resource:
    """The resource of an entity's address; raises UsageError when no spec declares it, or it keeps no such kind."""
    resource = workspace.targets(Scope(targets=(str(entity.resource),)))[0]
    kinds = [kind.name for kind in resource.provider.kinds] if isinstance(resource.provider, TargetProvider) else []
    if entity.entity not in kinds:
        raise UsageError(f"{entity.resource} keeps no {entity.entity}", hint=f"it keeps: {', '.join(kinds)}")
    return resource


def _feeding(resource: Resource) -> set[str]:
    return {name for m in resource.mappings for name in (m.mapping.from_, *(match.source for match in m.mapping.match))}


def _sources(workspace: Workspace) -> str:
    return f"there are: {', '.join(workspace.specs.sources) or 'no sources'}"


# -- steering ----------------------------------------------------------------------------------------------------------------


async def moved(workspace: Workspace, scope: Scope, report: Report = silent) -> Planned:
    """What moved at the targets since trueup wrote there: a plan that may be taken over into the inventory, and never applied."""
    await workspace.know_records(on_progress=report)
    planned = await workspace.plan(scope, on_progress=report)
    return replace(planned, plan=what_moved(planned.plan), wishes={})


async def refresh(
    workspace: Workspace, planned: Planned, *, wait: float, tell: Callable[[str], None] = lambda line: None
) -> RunResult:
    """Take what moved as last written. Writes to the inventory alone, under the lease."""
    async with await acquire(workspace.world.state, "apply", doing="apply --refresh-only", wait=wait):
        return await take_as_written(workspace.world, planned.plan, tell)
