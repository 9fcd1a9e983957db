"""What is told during a run: each thing once, in order, and rules that come to hold between planning and applying."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from controller.engine.applying.apply import Run, apply_plan
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.model.happening import (
    ChangeEnded,
    Happening,
    ResourceEnded,
    ResourceProgress,
    ResourceStarted,
    RunEnded,
    RunStarted,
)
from controller.model.outcome import Progress, Rollup, RunResult, Status
from controller.sdk.errors import Unauthorized
from controller.spec.policy import ControllerSpec
from tests.memory import Door, Site, record

pytestmark = pytest.mark.anyio
WEEKEND = {"name": "weekend", "deny": "nothing at weekends", "when": {"time": {"days": ["sat", "sun"]}}}


async def heard(site: Site, planned: Planned | None = None) -> tuple[RunResult, list[Happening], list[Progress]]:
    told: list[Happening] = []
    steps: list[Progress] = []
    async with site.world() as world:
        if planned is None:
            planned = await make_plan(world, Wanted(allow=frozenset({"bootstrap"})))
        result = await apply_plan(world, planned, Run(site.before_send, site.stop, steps.append, listener=told.append))
    return result, told, steps


def site_of(tmp_path: Path, count: int = 12) -> Site:
    site = Site(tmp_path)
    site.members.rows = [record(str(n)) for n in range(count)]
    return site


async def test_every_change_is_told_once_and_between_the_ends_of_its_resource(tmp_path: Path) -> None:
    result, told, steps = await heard(site_of(tmp_path))
    assert isinstance(told[0], RunStarted) and isinstance(told[1], ResourceStarted)
    assert isinstance(told[-1], RunEnded) and isinstance(told[-2], ResourceEnded)
    ended = [event.outcome for event in told if isinstance(event, ChangeEnded)]
    assert ended == list(result.outcomes)
    assert (told[0].changes, told[1].changes, told[-2].counts, told[-1].rollup) == (12, 12, {"done": 12}, Rollup.SUCCESS)
    assert {getattr(event, "run", "") for event in told} == {result.run}
    assert [e.done for e in told if isinstance(e, ResourceProgress)] == [step.done for step in steps]


async def test_what_is_told_is_written_down_already(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    rows: list[int] = []
    async with site.world() as world:
        planned = await make_plan(world, Wanted(allow=frozenset({"bootstrap"})))
        db = site.folder / ".trueup" / "state.db"

        def look(event: Happening) -> None:
            if isinstance(event, ChangeEnded):
                import sqlite3

                with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as conn:
                    rows.append(conn.execute("select count(*) from outcomes").fetchone()[0])
                conn.close()

        await apply_plan(world, planned, Run(site.before_send, site.stop, listener=look))
    assert all(there >= told for told, there in enumerate(rows, start=1))
    assert len(rows) == 12


async def test_a_door_that_refuses_is_told_with_what_was_not_tried(tmp_path: Path) -> None:
    site = site_of(tmp_path, 3)
    site.doors["back"] = Door(serial="S2")
    planned = await site.plan(Wanted(allow=frozenset({"bootstrap"})))

    def refuse(call: str) -> None:
        if call == "facts":
            raise Unauthorized("the password was refused")

    site.front.fail = refuse
    result, told, _ = await heard(site, planned)
    ends = {event.resource: event for event in told if isinstance(event, ResourceEnded)}
    assert ends["Device/front"].fatal.startswith("the password was refused")
    assert (ends["Device/front"].counts, ends["Device/back"].counts) == ({"parked": 3}, {"done": 3})
    assert sorted(e.outcome.change for e in told if isinstance(e, ChangeEnded)) == sorted(o.change for o in result.outcomes)


async def test_a_plan_made_on_friday_is_refused_on_saturday_and_told_so(tmp_path: Path) -> None:
    site = site_of(tmp_path, 3)
    site.controller = ControllerSpec.model_validate({"timezone": "Europe/Stockholm", "rules": [WEEKEND]})
    planned = await site.plan(Wanted(allow=frozenset({"bootstrap"})))
    assert planned.plan.limits == ()
    assert planned.plan.rules == ("weekend",)
    site.clock.time = site.clock.time.replace(day=2)
    result, told, _ = await heard(site, planned)
    assert [o.status for o in result.outcomes] == [Status.REFUSED] * 3
    assert result.outcomes[0].message == "nothing at weekends (3 changes)"
    assert [type(event) for event in told if not isinstance(event, ChangeEnded)] == [RunStarted, ResourceEnded, RunEnded]
    assert site.front.writes == []


async def test_a_rule_holds_for_resources_that_left_the_specs_too(tmp_path: Path) -> None:
    site = site_of(tmp_path, 3)
    await site.apply()
    del site.doors["front"]
    site.doors["other"] = Door(serial="S2")
    rule = {"name": "keep", "deny": "nothing is forgotten", "when": {"action": "forget"}}
    site.controller = ControllerSpec.model_validate({"timezone": "Europe/Stockholm", "rules": [rule]})
    result, _, _ = await heard(site)
    assert {o.status for o in result.outcomes if o.resource == "Device/front"} == {Status.REFUSED}
    async with site.world() as world:
        assert "Device/front" in await world.state.inventory.resources()


async def test_events_are_told_apart_by_their_name_and_read_back_as_they_were(tmp_path: Path) -> None:
    _, told, _ = await heard(site_of(tmp_path, 2))
    read = [msgspec.json.decode(msgspec.json.encode(event), type=Happening) for event in told]
    assert read == told
