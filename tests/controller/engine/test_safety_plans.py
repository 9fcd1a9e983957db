"""What may be applied, and what only looks as if it might."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from controller.engine.applying.apply import Run, apply_plan
from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.model.errors import PlanRejected
from controller.model.event import Event
from controller.model.outcome import Status
from controller.model.period import Period
from controller.runtime.workspace import Workspace
from controller.sdk.errors import Busy, Unauthorized
from controller.state.rows import RunRow
from tests.memory import Clock, Site, record

pytestmark = pytest.mark.anyio

FOREVER = Period("2026-01-01T00:00:00", "2037-12-31T23:59:59")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 13)]
    return site


async def test_a_list_of_drift_keeps_its_limits_and_is_no_plan_file(site: Site) -> None:
    await site.apply()
    site.front.persons = {key: (name, FOREVER, doors) for key, (name, _, doors) in site.front.persons.items()}
    async with site.world() as world:
        drift = (await Workspace(world, cast(Any, None), world).drift()).plan
        assert len(drift.changes) == 12 and [limit.rule for limit in drift.limits] == ["revoke"]
        with pytest.raises(PlanRejected):
            planfile.decode(planfile.encode(drift), world.keys, "drift.json")


async def test_a_plan_whose_question_was_answered_too_late_is_not_carried_out(site: Site) -> None:
    async with site.world() as world:
        workspace = Workspace(world, cast(Any, None), world)
        planned = await workspace.plan(allow=frozenset({"bootstrap"}))
        site.clock.time += timedelta(days=3)
        with pytest.raises(PlanRejected, match="expired"):
            await workspace.apply(planned)
    assert site.front.persons == {}


async def test_a_plan_made_offline_is_not_carried_out_by_the_process_that_made_it(site: Site) -> None:
    site.members.network = False
    async with site.world() as world:
        workspace = Workspace(world, cast(Any, None), world)
        planned = await workspace.plan(allow=frozenset({"bootstrap"}), offline=True)
        with pytest.raises(PlanRejected, match="offline"):
            await workspace.apply(planned)


async def test_refused_credentials_in_the_middle_are_not_tried_again_to_look(site: Site) -> None:
    def refuse(call: str) -> None:
        if call == "write create person/3":
            site.front.fail = lambda later: site.front.calls.append("after the refusal")
            raise Unauthorized("wrong password")

    site.front.fail = refuse
    result = await site.apply()
    assert "after the refusal" not in site.front.calls
    assert [(o.key, o.effect) for o in result.outcomes[:3]] == [("1", "unknown"), ("2", "unknown"), ("3", "none")]
    site.front.fail = lambda call: None
    await site.apply()
    assert len(site.front.persons) == 12 and len(site.front.writes) == 13  # 3 was tried twice, and nobody else


class Slow(Clock):
    """Long sleeps never end."""

    async def sleep(self, seconds: float) -> None:
        await (asyncio.Event().wait() if seconds > 10 else super().sleep(seconds))


async def test_a_stop_does_not_wait_for_a_device_that_asked_for_time(tmp_path: Path) -> None:
    site = Site(tmp_path, Slow())
    site.members.rows = [record("1")]

    def busy(call: str) -> None:
        if call.startswith("write"):
            asyncio.get_running_loop().call_later(0.05, site.stop.set)
            raise Busy("one minute", retry_after=59.0)

    site.front.fail = busy
    async with asyncio.timeout(10):
        result = await site.apply()
    assert {o.status for o in result.outcomes} == {Status.PARKED} and len(site.front.writes) == 1


async def test_a_run_that_was_resumed_and_stopped_again_can_be_resumed_again(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 21)]
    stop_at = 7

    def interrupt(write: object) -> None:
        if len(site.front.writes) == stop_at:
            site.stop.set()

    site.front.after = interrupt
    async with site.world() as world:
        workspace = Workspace(world, cast(Any, None), world)
        first = await workspace.apply(await workspace.plan(allow=frozenset({"bootstrap"})), stop=site.stop)
        assert first.counts == {"done": 7, "parked": 13}
        site.stop.clear()
        stop_at = 12
        second = await workspace.resume(first.run, stop=site.stop)
        assert second.counts == {"done": 5, "parked": 8}
        site.stop.clear()
        assert (await workspace.resume("latest", stop=site.stop)).counts == {"done": 8}
    assert len(site.front.writes) == 20


async def test_what_a_stopped_run_has_spent_does_not_keep_it_from_going_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 13)]
    site.policies["front"] = {"onRemoval": "delete"}
    await site.apply()
    site.front.after = lambda write: site.stop.set()
    allow = frozenset({"revoke:Device/front=12"})
    async with site.world() as world:
        workspace = Workspace(world, cast(Any, None), world)
        plan = (await make_plan(world, Wanted(allow=allow, destroy=True))).plan
        stopped = await apply_plan(world, Planned(planfile.signed(plan, world.keys)), Run(lambda: None, site.stop))
        assert stopped.counts == {"done": 1, "parked": 11}
        site.front.after = lambda write: None
        assert (await workspace.resume("latest")).counts == {"done": 11}
    assert site.front.persons == {}


async def test_a_run_that_was_killed_is_closed_by_the_next_and_what_is_old_is_dropped(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.members.rows = [record("1"), record("2")]
    old = Event("2020-01-01T00:00:00Z", "run.ended", "", "long ago")
    async with site.world() as world:
        await world.state.runs.start(RunRow("killed", "2026-05-01T07:00:00Z"), b"{}")
        await world.state.events.add([old] + [replace(old, time="2026-04-30T00:00:00Z")] * 10_000)
    result = await site.apply()
    async with site.world() as world:
        killed = await world.state.runs.get("killed")
        assert killed is not None and killed.status == "interrupted" and killed.ended
        assert await world.state.runs.open_runs() == []
        assert (await world.state.runs.latest(1))[0].run == result.run
        assert old not in await world.state.events.latest(20_000)
