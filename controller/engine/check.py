"""``trueup test``: who answers, may we, is its clock right, how full is it. Looks only."""

from __future__ import annotations

import msgspec

from controller.engine.judging.survey import judge
from controller.engine.side_by_side import asking
from controller.engine.world import World
from controller.model.entity import Facts
from controller.sdk.errors import ProviderError
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Resource


class TestResult(msgspec.Struct, frozen=True):
    """One resource's answer. ``message`` says what is wrong, ``hint`` what to do; ``facts`` holds what was learned before that."""

    __test__ = False  # not a test class for pytest

    address: str
    provider: str
    ok: bool
    message: str = ""
    hint: str = ""
    facts: Facts = Facts()
    seconds: float = 0.0


async def check(world: World, resource: Resource) -> TestResult:
    """Ask one resource; everything that can go wrong is in the result."""
    began, facts, provider = world.clock.monotonic(), Facts(), resource.provider
    message = hint = ""
    try:
        with asking(provider.name):
            async with world.lanes, world.connect(resource) as context:
                if isinstance(provider, TargetProvider):
                    async with provider.reader(resource.config, context) as reader:
                        facts = await reader.facts()
                    await judge(world, resource, facts)
                else:
                    async with provider.source(resource.config, context) as source:
                        facts = await source.facts()
    except ProviderError as error:
        message, hint = world.scrub(error.message), world.scrub(error.hint)
    seconds = round(world.clock.monotonic() - began, 3)
    return TestResult(str(resource.address), provider.name, not message, message, hint, facts, seconds)
