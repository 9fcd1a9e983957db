"""Whose word keeps somebody in: a record that nobody can read any more holds all that it stands behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from controller.engine.applying.recovery import recover
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.engine.world import World
from controller.model.change import Action
from controller.model.record import Record, Unreadable
from controller.sdk.provider import Write
from controller.state.keys import Keys
from controller.state.store import State
from controller.state.tables.origins import Behind, Origins
from tests.memory import Register, Site, record

pytestmark = pytest.mark.anyio

ALL = Wanted(allow=frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99"}))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 6)]
    return site


def both(site: Site) -> Register:
    """A second register from which the door takes people, too."""
    site.registers["staff"] = Register()
    site.sources = ("members", "staff")
    site.registers["staff"].rows = [record(key) for key in ("1", "6", "7", "8", "9")]
    return site.registers["staff"]


async def test_who_is_wished_by_two_records_is_held_by_the_second_as_well(site: Site) -> None:
    staff = both(site)
    await site.apply()
    del site.members.rows[0]
    staff.rows[0] = Unreadable("1", "torn", "the row is torn")  # nobody can tell which number it would have
    plan = (await site.plan(ALL)).plan
    assert plan.changes == ()


async def test_both_records_stand_behind_what_both_wish(site: Site) -> None:
    both(site)
    [first] = [c for c in (await site.plan(ALL)).plan.changes if c.key == "1"]
    assert first.provenance is not None
    assert [(r.source, r.key) for r in first.provenance.records] == [("members", "1"), ("staff", "1")]


async def test_who_is_wished_by_nobody_any_more_is_barred_although_two_did(site: Site) -> None:
    staff = both(site)
    await site.apply()
    del site.members.rows[0], staff.rows[0]
    assert [(c.key, c.action) for c in (await site.plan(ALL)).plan.changes] == [("1", Action.BAR)]


async def test_who_is_kept_by_another_record_is_held_by_that_one(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = Record("m1", record("1").fields, place="row 1")  # the same number and words, from another record
    assert (await site.plan(ALL)).plan.changes == ()
    site.members.rows[0] = Unreadable("m1", "torn", "the row is torn")
    plan = (await site.plan(ALL)).plan
    assert plan.changes == () and "torn" in {n.code for n in plan.notices}


async def test_who_is_kept_by_a_renamed_source_is_held_by_its_records(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows[0] = record("1", card="771")
    await site.apply()
    site.registers = {"people": site.members}
    site.sources = ("people",)
    assert (await site.plan(ALL)).plan.changes == ()
    site.registers["people"].rows[0] = Unreadable("1", "torn", "the row is torn")
    assert (await site.plan(ALL)).plan.changes == ()


async def test_who_is_claimed_twice_is_held_by_the_newcomer_as_well(site: Site) -> None:
    await site.apply()
    rival = Record("m1", {**record("1").fields, "name": "Somebody else"}, place="row 9")
    site.members.rows.append(rival)
    assert {n.code for n in (await site.plan(ALL)).plan.notices} == {"claimed-twice"}
    site.members.rows = [*site.members.rows[1:5], Unreadable("m1", "torn", "the row is torn")]
    assert (await site.plan(ALL)).plan.changes == ()


async def test_what_a_saved_plan_writes_is_compared_again_with_the_records_of_today(site: Site) -> None:
    await site.apply()
    site.members.rows.append(record("6"))
    old = await site.plan(ALL)
    site.members.rows[5] = Record("m6", record("6").fields, place="row 6")
    await site.plan(ALL)
    await site.apply(old)
    assert (await site.plan(ALL)).plan.changes == ()
    site.members.rows[5] = Unreadable("m6", "torn", "the row is torn")
    assert (await site.plan(ALL)).plan.changes == ()


async def test_a_second_plan_from_unchanged_records_writes_no_origins(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.apply()
    await site.plan()
    settled: list[str] = []
    settle = Origins.settle

    async def seen(self: Origins, resource: str, mark: str, kinds: Mapping[str, Behind]) -> int:
        settled.append(resource)
        return await settle(self, resource, mark, kinds)

    monkeypatch.setattr(Origins, "settle", seen)
    await site.plan()
    site.members.rows.reverse()  # the same records
    await site.plan()
    assert settled == []
    site.members.rows[0] = Record("m5", record("5").fields, place="row 5")
    await site.plan()
    await site.plan()
    assert settled == ["Device/front"]


async def test_a_plan_on_a_state_that_cannot_be_written_leaves_the_origins(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = Record("m1", record("1").fields, place="row 1")
    async with State.open(site.folder / ".trueup", keys=site.keys, clock=site.clock, read_only=True) as state:
        world = World(site.specs(), state, site.keys, site.clock, site._connect, read_only=True)
        assert (await make_plan(world, ALL)).plan.changes == ()
        [row] = (await state.inventory.load("Device/front", "person", ["1"])).values()
    assert row.records == (("members", "1"),)


async def test_the_mark_of_origins_tells_nothing_without_the_key(site: Site) -> None:
    site.manage, site.members.rows = ("person", "card"), [record("1", card="771")]
    [one] = (await site.plan(ALL)).plan.resources
    site.keys = Keys(b"x" * 32)
    site.folder = site.folder / "elsewhere"
    [two] = (await site.plan(ALL)).plan.resources
    assert one.origins and two.origins and one.origins != two.origins


# -- what an interrupted run meant -----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


async def interrupted(site: Site, planned: Planned) -> None:
    """Carry out a plan and be killed when its first write has taken effect and nobody has noted it."""

    def die(write: Write) -> None:
        raise Killed

    site.front.after = die
    with pytest.raises(Killed):
        await site.apply(planned)
    site.front.after = lambda write: None


async def look_back(site: Site, *, without_plan: bool = False) -> dict[str, int]:
    """Recover; what it counts as in the day's budget."""
    async with site.world() as world:
        if without_plan:
            await world.state.inventory._store.write(lambda conn: conn.execute("DELETE FROM run_plans").rowcount)
        await recover(world)
        return await world.state.outcomes.effects_since("Device/front", "2026-05-01T08:30:00Z")


@pytest.mark.parametrize(("without_plan", "counted"), [(False, {"revokes": 1}), (True, {"grants": 1})])
async def test_an_interrupted_update_counts_as_what_it_was_planned_to_be(
    site: Site, without_plan: bool, counted: dict[str, int]
) -> None:
    await site.apply()
    site.clock.time += timedelta(hours=1)
    site.members.rows[0] = record("1", until="2026-06-30T23:59:59")
    await interrupted(site, await site.plan(ALL))
    assert await look_back(site, without_plan=without_plan) == counted


async def test_an_interrupted_update_that_manages_less_than_before_is_seen_to_have_worked(site: Site) -> None:
    await site.apply()
    site.manage = ("valid",)
    site.members.rows[0] = record("1", until="2026-06-30T23:59:59")
    await interrupted(site, await site.plan(ALL))
    await look_back(site)
    async with site.world() as world:
        row = (await world.state.inventory.load("Device/front", "person", ["1"]))["1"]
    assert row.managed == ("valid",) and row.only_existing and row.remote_id == "1" and set(row.fields) == {"valid"}
