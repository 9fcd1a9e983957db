"""What a plan says about a resource as a whole: judged, or parked and why."""

from __future__ import annotations

from controller.engine.judging.kinds import managed_kinds, provider_of
from controller.engine.judging.remarks import remarks, with_remarks
from controller.engine.judging.target import Target
from controller.engine.judging.trust import exchanged
from controller.engine.world import World
from controller.model.change import Condition, Given, ResourcePlan
from controller.model.entity import Facts
from controller.spec.resource import Resource


def parked(resource: Resource, message: str, hint: str, facts: Facts, code: str) -> ResourcePlan:
    return ResourcePlan(
        str(resource.address),
        resource.provider.name,
        Condition.PARKED,
        target=_url(resource),
        identity=facts.identity,
        message=message,
        hint=with_remarks(resource, hint),
        code=code,
        labels=dict(resource.labels),
        on_fatal=resource.policy.on_fatal,
        clock_offset=facts.clock_offset,
        model=facts.model,
        given=given(resource),
        made_of=made_of(resource),
    )


async def summary_of(world: World, resource: Resource, target: Target) -> ResourcePlan:
    kinds = [kind.name for kind in managed_kinds(resource)]
    return ResourcePlan(
        str(resource.address),
        resource.provider.name,
        Condition.COMPLETE,
        target=_url(resource),
        identity=target.facts.identity,
        message="; ".join((*target.facts.notes, *remarks(resource))),
        labels=dict(resource.labels),
        desired=target.desired.count(kinds),
        actual=target.tally.actual,
        owned=sum(len(index) for index in target.owned.values()),
        unchanged=target.tally.unchanged,
        foreign=target.tally.foreign,
        held=len(target.desired.held) + target.tally.held,
        initialised=await world.state.targets.initialised(world.remembered_as(resource.address))
        and not await exchanged(world, resource, target.facts),
        model=target.facts.model,
        clock_offset=target.facts.clock_offset,
        on_fatal=resource.policy.on_fatal,
        given=given(resource, world.known_as.get(str(resource.address))),
        made_of=made_of(resource),
    )


def given(resource: Resource, before: str | None = None) -> tuple[Given, ...]:
    """What the resource has of others, whom it waits for, what must never be removed or changed there, and what it was called
    ``before`` in our notes: the rules that took part."""
    policy, place = resource.policy, f"{resource.place.file}:{resource.place.line}"
    moved = (f"our notes are still about {before}",) if before else ()
    rules = (
        ("dependsOn", resource.depends_on),
        ("moved", moved),
        ("protect", policy.protect),
        ("neverRemove", policy.never_remove),
    )
    return (*resource.given, *(Given(word, patterns, place) for word, patterns in rules if patterns))


def made_of(resource: Resource) -> str:
    """What a record said when this resource was made of it; empty where a document alone declares it."""
    return resource.digest if "@" in resource.address.name else ""


def _url(resource: Resource) -> str:
    return provider_of(resource).endpoint(resource.config).url
