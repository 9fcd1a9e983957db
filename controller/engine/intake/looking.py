"""An open, judged look at one target: pages as they come, and their normal end means that they are all. Holds a Reader only."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from controller.engine.judging.kinds import provider_of
from controller.engine.judging.trust import Unfit, judge
from controller.engine.side_by_side import asking
from controller.engine.world import World
from controller.model.entity import EntityKind, Facts, Page
from controller.sdk.provider import Reader, TargetProvider
from controller.spec.resource import Resource


@dataclass(frozen=True)
class Look:
    """``doubt`` says why nothing should be decided on this target's word although it may be looked at: its clock is wrong."""

    facts: Facts
    reader: Reader
    provider: TargetProvider
    doubt: str = ""

    async def pages(self, kinds: Sequence[EntityKind]) -> AsyncGenerator[Page]:
        """Everything of these kinds. Raises ProviderError when the list ends early; what was handed out then is not all."""
        with asking(self.provider.name):
            async for page in self.reader.observe([kind.name for kind in kinds]):
                yield page


@asynccontextmanager
async def looking(world: World, resource: Resource, *, doubtful: bool = False) -> AsyncIterator[Look]:
    """Raises ProviderError when it cannot be reached or is another device; when its clock is wrong, too, unless ``doubtful``."""
    provider, doubt = provider_of(resource), ""
    async with AsyncExitStack() as stack:
        with asking(provider.name):  # not around what the caller does meanwhile
            context = await stack.enter_async_context(world.connect(resource))
            reader = await stack.enter_async_context(provider.reader(resource.config, context))
            facts = await reader.facts()
        try:
            await judge(world, resource, facts)
        except Unfit as problem:
            if not doubtful:
                raise
            doubt = problem.message
        yield Look(facts, reader, provider, doubt)
