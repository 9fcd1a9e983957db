"""``trueup test``: who answers, may we, is its clock right, how full is it, how quick. Looks only."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.engine.judging.remarks import remarks, with_remarks
from controller.engine.judging.trust import judge
from controller.engine.side_by_side import asking
from controller.engine.world import World
from controller.model.entity import Facts
from controller.sdk.context import Context
from controller.sdk.errors import ProviderError
from controller.sdk.provider import Checkable, Right, TargetProvider
from controller.spec.resource import Resource


class TestResult(msgspec.Struct, frozen=True):
    """One resource's answer. ``message`` says what is wrong, ``code`` in one stable word, ``hint`` what to do; ``facts`` and
    ``rights`` hold what was learned before that. ``round_trip`` is the quickest answer, ``seconds`` the whole test."""

    __test__ = False  # not a test class for pytest

    address: str
    provider: str
    ok: bool
    message: str = ""
    hint: str = ""
    facts: Facts = Facts()
    seconds: float = 0.0
    code: str = ""
    rights: tuple[Right, ...] = ()
    round_trip: float | None = None


async def check(world: World, resource: Resource) -> TestResult:
    """Ask one resource; everything that can go wrong is in the result."""
    began, provider = world.clock.monotonic(), resource.provider
    learned = _Learned()
    error: ProviderError | None = None
    try:
        with asking(provider.name):
            async with world.lanes, world.connect(resource) as context:
                try:
                    await _ask(world, resource, learned, context)
                finally:
                    learned.round_trip = getattr(context.http, "fastest", None)
    except ProviderError as trouble:
        error = trouble
    message, hint = (world.scrub(error.message), world.scrub(error.hint)) if error else _forbidden(learned.rights)
    facts = learned.facts if error else msgspec.structs.replace(learned.facts, notes=(*learned.facts.notes, *remarks(resource)))
    return TestResult(
        str(resource.address),
        provider.name,
        not message,
        message,
        with_remarks(resource, hint) if error else hint,
        facts,
        round(world.clock.monotonic() - began, 3),
        error.code if error else "rights-missing" if message else "",
        tuple(learned.rights),
        learned.round_trip,
    )


class _Learned:
    """What is known so far; it survives an error half-way."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.rights: Sequence[Right] = ()
        self.round_trip: float | None = None


async def _ask(world: World, resource: Resource, learned: _Learned, context: Context) -> None:
    provider = resource.provider
    if isinstance(provider, TargetProvider):
        async with provider.reader(resource.config, context) as reader:
            learned.facts = await reader.facts()
            await judge(world, resource, learned.facts)
            await _rights(reader, learned)
    else:
        async with provider.source(resource.config, context) as source:
            learned.facts = await source.facts()
            await _rights(source, learned)


async def _rights(asked: object, learned: _Learned) -> None:
    if isinstance(asked, Checkable):
        learned.rights = tuple(await asked.rights())


def _forbidden(rights: Sequence[Right]) -> tuple[str, str]:
    missing = [right.what for right in rights if not right.allowed]
    if not missing:
        return "", ""
    return f"the account may not {' nor '.join(missing)}", "give the account these rights at the target, or use another account"
