"""Who answers, and may it be worked with: the serial number and the clock. Asks the state alone, and sends nothing."""

from __future__ import annotations

from controller.engine.judging.kinds import provider_of
from controller.engine.world import World
from controller.model.entity import Facts
from controller.model.units import show_duration
from controller.sdk.errors import ProviderError, WrongTarget
from controller.spec.resource import Resource


class Unfit(ProviderError):
    """The target answers but must not be worked with as it is: its clock is wrong, or it is another device."""

    code = "unfit"
    retry = False


async def judge(world: World, resource: Resource, facts: Facts) -> None:
    """Raise WrongTarget or Unfit when this is not the target that was declared, or its clock cannot be trusted."""
    declared = provider_of(resource).identity(resource.config)
    known = declared or await world.state.targets.identity(world.remembered_as(resource.address))
    if known and facts.identity and known != facts.identity:
        expected = f"the spec names {known}" if declared else f"trueup knows this address as {known}"
        raise WrongTarget(
            f"serial number {facts.identity} answers, but {expected}",
            hint="nothing is sent there, lest people get in at the wrong door: has another device got this address (DHCP)? After a "
            f"real exchange write serialNumber: {facts.identity} under config in its spec",
        )
    if known and not facts.identity:
        raise WrongTarget(
            f"it does not tell its serial number, so nobody knows whether it is {known}",
            hint="nothing is sent there: look at the device; another one may answer at its address",
        )
    offset, most = facts.clock_offset, resource.policy.max_clock_offset
    if offset is None and provider_of(resource).keeps_time and resource.policy.unknown_clock == "park":
        raise Unfit(
            "it does not tell the time, so nobody knows whom it would let in when",
            code="unknown-clock",
            hint="look at the clock at the device; to work with it all the same: `policy: {unknownClock: accept}`",
        )
    if offset is not None and abs(offset) > most:
        direction = "ahead" if offset > 0 else "behind"
        raise Unfit(
            f"its clock is {_roughly(abs(offset))} {direction}; it would let people in at the wrong times",
            code="wrong-clock",
            hint="set clock and time zone at the device (NTP), or allow more with `policy: {maxClockOffset: 2h}`",
        )


def _roughly(seconds: float) -> str:
    """Whole minutes, once it is minutes."""
    return show_duration(60.0 * round(seconds / 60) if seconds >= 120 else seconds)


async def exchanged(world: World, resource: Resource, facts: Facts) -> bool:
    """Whether the device was exchanged for the declared one: what we know about the old one says nothing about this."""
    known = await world.state.targets.identity(world.remembered_as(resource.address))
    return bool(known and facts.identity and known != facts.identity)
