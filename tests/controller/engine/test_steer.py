"""Steering by hand: making one entity anew, destroying, taking drift as last written, renaming what is remembered."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned, Wanted
from controller.engine.steer.moving import move
from controller.engine.steer.refresh import take_as_written, what_moved
from controller.model.address import Address
from controller.model.change import Action, Plan
from controller.model.errors import LeaseHeld, UsageError
from controller.model.outcome import RunResult, Status
from controller.model.period import Period
from controller.model.scope import EVERYTHING, Scope
from controller.state.lease import acquire
from controller.state.rows import Begun
from tests.memory import Site, record

pytestmark = pytest.mark.anyio

FRONT = "Device/front"
ALL = frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99"})
SHORT = Period("2026-01-01T00:00:00", "2026-02-01T00:00:00")


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    """A door with five persons that are ours, two of them with cards, and one that is not."""
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="111"), record("2", card="222"), *(record(str(n)) for n in range(3, 6))]
    await site.apply()
    site.front.persons["77"] = ("Stranger", SHORT, (1,))
    site.front.calls.clear()
    return site


def anew(*keys: str, allow: frozenset[str] = ALL) -> Wanted:
    return Wanted(allow=allow, replace=frozenset(Address("Device", "front", *key.split("/")) for key in keys))


def steps(plan: Plan) -> list[tuple[str, str]]:
    return [(change.action.value, change.kind) for change in plan.changes]


# -- replace -----------------------------------------------------------------------------------------------------------------


async def test_a_person_that_is_made_anew_takes_the_cards_along_in_the_right_order(site: Site) -> None:
    planned = await site.plan(anew("person/1"))
    assert steps(planned.plan) == [("delete", "card"), ("delete", "person"), ("create", "person"), ("create", "card")]
    assert (await site.apply(planned)).counts == {"done": 4}
    assert (site.front.persons["1"][0], site.front.cards["111"]) == ("Member 1", "1")
    assert steps((await site.plan()).plan) == []


async def test_a_card_alone_is_made_anew_by_its_token(site: Site) -> None:
    async with site.world() as world:
        token = next(iter(await world.state.inventory.index(FRONT, "card")))
    planned = await site.plan(anew(f"card/{token}"))
    assert steps(planned.plan) == [("delete", "card"), ("create", "card")]
    assert (await site.apply(planned)).counts == {"done": 2}


async def test_a_card_that_is_made_anew_by_its_number_is_told_by_its_token(site: Site) -> None:
    plan = (await site.plan(anew("card/111"))).plan
    assert steps(plan) == [("delete", "card"), ("create", "card")]
    assert plan.scope == (f"--replace Device/front:card/{plan.changes[0].key}",)
    gone = (await site.plan(anew("card/1234567"))).plan
    assert [n.code for n in gone.notices] == ["not-replaced"] and b"1234567" not in planfile.encode(gone)


async def test_making_anew_counts_as_taking_away_and_is_held_by_the_limit(site: Site) -> None:
    site.policies["front"] = {"limits": {"revoke": "0%"}}
    planned = await site.plan(anew("person/3", allow=frozenset()))
    assert [limit.rule for limit in planned.plan.limits] == ["revoke"]
    assert (await site.apply(planned)).counts == {"refused": 2}
    assert site.front.writes == []


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"protect": ["person/3"]}, "protected by person/3"),
        ({"neverRemove": ["person/3"]}, "never removed: person/3"),
    ],
)
async def test_what_must_not_be_touched_is_not_made_anew(site: Site, policy: dict[str, list[str]], reason: str) -> None:
    site.policies["front"] = policy
    plan = (await site.plan(anew("person/3"))).plan
    assert steps(plan) == []
    assert [(n.code, reason in n.message) for n in plan.notices] == [("not-replaced", True)]


async def test_an_administrator_is_not_made_anew(site: Site) -> None:
    site.front.administrators.add("1")
    plan = (await site.plan(anew("person/1"))).plan
    assert steps(plan) == []
    assert "is an administrator at the device" in plan.notices[0].message


async def test_who_is_not_ours_or_not_declared_is_not_made_anew(site: Site) -> None:
    site.front.persons["6"] = ("Member 6", SHORT, (1,))
    site.members.rows.append(record("6"))
    plan = (await site.plan(anew("person/6", "person/77", "card/0123456789abcdef"))).plan
    said = [notice.message for notice in plan.notices if notice.code == "not-replaced"]
    assert steps(plan) == []
    assert len(said) == 3
    assert any(message.startswith("person 6 (Member 6) is not made anew: it is there, but it is not ours") for message in said)
    assert any(message.startswith("person 77 is not made anew: no record declares it") for message in said)


async def test_who_is_only_followed_is_not_made_anew(site: Site) -> None:
    site.manage = ("valid",)
    plan = (await site.plan(anew("person/3"))).plan
    assert [c.action for c in plan.changes if c.key == "3"] == []
    assert "nothing is made or deleted" in plan.notices[0].message


async def test_what_is_gone_already_is_simply_made(site: Site) -> None:
    del site.front.persons["3"]
    assert steps((await site.plan(anew("person/3"))).plan) == [("create", "person")]


# -- destroy -----------------------------------------------------------------------------------------------------------------


async def destroyed(site: Site, allow: frozenset[str] = ALL, scope: Scope = EVERYTHING) -> Planned:
    return await site.plan(Wanted(scope, allow, destroy=True))


async def test_all_that_is_ours_goes_and_strangers_stay(site: Site) -> None:
    planned = await destroyed(site)
    assert {change.action for change in planned.plan.changes} == {Action.DELETE}
    assert planned.plan.scope == ("--destroy",)
    assert (await site.apply(planned)).counts == {"done": 7}
    assert (list(site.front.persons), site.front.cards) == (["77"], {})
    async with site.world() as world:
        assert await world.state.inventory.everything(FRONT) == {}


async def test_all_that_is_ours_goes_whatever_the_spec_declares_by_now(site: Site) -> None:
    site.sources = ()
    planned = await site.plan(Wanted(allow=ALL, destroy=True))
    assert sorted(steps(planned.plan)) == [("delete", "card")] * 2 + [("delete", "person")] * 5
    assert (await site.apply(planned)).counts == {"done": 7}
    assert (set(site.front.persons), site.front.cards) == ({"77"}, {})


async def test_what_an_earlier_spec_managed_is_destroyed_too(site: Site) -> None:
    site.manage = ("person",)
    for wanted in (Wanted(allow=ALL, destroy=True), Wanted(allow=ALL, destroy=True, offline=True)):
        assert steps((await site.plan(wanted)).plan).count(("delete", "card")) == 2


async def test_a_door_that_was_destroyed_is_not_called_in_sync(site: Site) -> None:
    assert await synced(site) == ("True", "Applied")
    await site.apply(await site.plan(Wanted(allow=ALL, destroy=True)))
    assert await synced(site) == ("False", "Destroyed")
    await site.apply(await site.plan(Wanted(allow=frozenset({"grant:Device/front=7"}))))
    assert await synced(site) == ("True", "Applied")


async def synced(site: Site) -> tuple[str, str]:
    async with site.world() as world:
        return next((c.status, c.reason) for c in await world.state.conditions.of(FRONT) if c.type == "Synced")


async def test_destroying_reads_no_source(site: Site) -> None:
    site.members.fail_after = 0
    assert len((await destroyed(site)).plan.changes) == 7


async def test_destroying_is_held_by_the_same_limits(site: Site) -> None:
    planned = await destroyed(site, frozenset())
    assert planned.plan.limits[0].flag == "--allow revoke:Device/front=7"
    assert (await site.apply(planned)).counts == {"refused": 7}


async def test_administrators_and_protected_ones_outlive_a_destroy(site: Site) -> None:
    site.front.administrators.add("1")
    site.policies["front"] = {"protect": ["person/2"], "neverRemove": ["person/3"]}
    planned = await destroyed(site)
    assert sorted(change.key for change in planned.plan.changes) == ["4", "5"]
    await site.apply(planned)
    assert set(site.front.persons) == {"1", "2", "3", "77"}


async def test_a_part_can_be_destroyed(site: Site) -> None:
    planned = await destroyed(site, scope=Scope(only=("card",)))
    assert steps(planned.plan) == [("delete", "card"), ("delete", "card")]


async def test_who_is_managed_in_part_is_barred_and_not_deleted(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.manage = ("valid",)
    site.members.rows = [record("1"), record("2")]
    site.front.persons |= {"1": ("Member 1", SHORT, (1,)), "2": ("Member 2", SHORT, (1,))}
    await site.apply()
    assert {change.action for change in (await destroyed(site)).plan.changes} == {Action.BAR}


async def test_a_saved_destroy_is_done_as_it_was_saved(site: Site) -> None:
    planned = await destroyed(site)
    path = site.folder / "plan.json"
    planfile.write(planfile.signed(planned.plan, site.keys), path)
    async with site.world() as world:
        plan = planfile.admit(planfile.read(path, site.keys), world)
    assert (await site.apply(Planned(plan))).counts == {"done": 7}


# -- refresh-only ------------------------------------------------------------------------------------------------------------


async def taken(site: Site) -> RunResult:
    planned = await site.plan()
    async with site.world() as world:
        return await take_as_written(world, what_moved(planned.plan), lambda line: None)


async def test_what_moved_is_shown_without_what_is_declared_otherwise(site: Site) -> None:
    site.front.persons["3"] = ("Edited", SHORT, (1,))
    site.members.rows[3] = record("4", until="2027-12-31T23:59:59")
    plan = what_moved((await site.plan()).plan)
    assert ([change.key for change in plan.changes], plan.notices, plan.signature) == (["3"], (), "")


async def test_what_is_there_is_taken_as_last_written_and_nothing_is_sent(site: Site) -> None:
    site.front.persons["3"] = ("Edited", SHORT, (1,))
    del site.front.persons["4"]
    result = await taken(site)
    assert (result.counts, site.front.writes) == ({"done": 2}, [])
    plan = (await site.plan()).plan
    assert {(c.key, c.action, c.drift) for c in plan.changes} == {("3", Action.UPDATE, False), ("4", Action.CREATE, False)}
    assert {c.reason for c in plan.changes} == {"what is declared has changed", "is declared and not there"}
    async with site.world() as world:
        run = (await world.state.runs.latest(1))[0]
        assert (run.run, run.status) == (result.run, "success")
        kept = msgspec.json.decode(await world.state.runs.plan(run.run) or b"", type=Plan)
    assert kept.changes == ()  # to go on with this run must write nothing


async def test_who_was_let_in_again_is_barred_again_all_the_same(site: Site) -> None:
    del site.members.rows[4]
    await site.apply(await site.plan(Wanted(allow=ALL)))
    assert site.front.persons["5"][1].over_at("2026-05-01T00:00:00")
    site.front.persons["5"] = ("Member 5", Period("2026-01-01T00:00:00", "2027-01-01T00:00:00"), (1,))
    await taken(site)
    (change,) = (await site.plan()).plan.changes
    assert (change.action, change.drift, change.reason) == (Action.BAR, False, "is no longer declared")


async def test_what_left_the_inventory_meanwhile_is_stale(site: Site) -> None:
    site.front.persons["3"] = ("Edited", SHORT, (1,))
    planned = await site.plan()
    async with site.world() as world:
        await world.state.inventory.remove(FRONT, "person", ["3"])
        result = await take_as_written(world, what_moved(planned.plan), lambda line: None)
        assert [o.status for o in result.outcomes] == [Status.STALE]
        assert "3" not in await world.state.inventory.index(FRONT, "person")


async def test_taking_nothing_is_a_success(site: Site) -> None:
    assert (await taken(site)).rollup.value == "success"


# -- state mv ----------------------------------------------------------------------------------------------------------------


async def test_a_renamed_door_keeps_all_that_is_remembered_about_it(site: Site) -> None:
    site.policies["front"] = {"protect": ["person/9*"]}
    await site.apply()
    site.front.persons["3"] = ("Edited", SHORT, (1,))
    site.doors["main"] = site.doors.pop("front")
    site.policies["main"] = {}
    await site.plan(Wanted(Scope(targets=("Device/main",))))  # a look under the new name must not stand in the way
    async with site.world() as world:
        before = await world.state.outcomes.effects_since(FRONT, "")
        assert await move(world.state, FRONT, "Device/main") == 7
        assert await world.state.targets.initialised("Device/main")
        assert await world.state.outcomes.effects_since("Device/main", "") == before
        assert [p.resource for p in await world.state.protections.all()] == ["Device/main"]
        assert await world.state.inventory.resources() == ["Device/main"]
    plan = (await site.plan()).plan
    assert ([c.key for c in plan.changes], plan.limits) == (["3"], ())


async def test_a_renamed_entity_keeps_its_row_and_its_cards(site: Site) -> None:
    async with site.world() as world:
        assert await move(world.state, f"{FRONT}:person/1", f"{FRONT}:person/901") == 1
        rows = await world.state.inventory.everything(FRONT)
    assert ("901" in rows["person"], "1" in rows["person"], rows["person"]["901"].remote_id) == (True, False, "")
    assert sorted(row.subject for row in rows["card"].values()) == ["2", "901"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("front", FRONT, "is not an address"),
        (FRONT, FRONT, "its name already"),
        (FRONT, f"{FRONT}:person/1", "cannot become an entity"),
        (f"{FRONT}:person/1", f"{FRONT}:card/1", "keeps its resource and its kind"),
        (f"{FRONT}:person/1", "Device/back:person/1", "keeps its resource and its kind"),
        (FRONT, "Webhook/front", "cannot become a Webhook"),
        ("Device/nowhere", "Device/back", "nothing is remembered about Device/nowhere"),
        (f"{FRONT}:person/404", f"{FRONT}:person/1", "is not in the inventory"),
        (f"{FRONT}:person/1", f"{FRONT}:person/2", "is in the inventory already"),
    ],
)
async def test_a_name_that_cannot_be_moved_is_refused(site: Site, old: str, new: str, said: str) -> None:
    async with site.world() as world:
        with pytest.raises(UsageError, match=said):
            await move(world.state, old, new)


async def test_two_doors_cannot_become_one(site: Site) -> None:
    async with site.world() as world:
        await world.state.targets.applied("Device/back", "r", "d")
        with pytest.raises(UsageError, match="remembered already"):
            await move(world.state, FRONT, "Device/back")


async def test_nothing_is_renamed_while_somebody_applies_or_left_something_open(site: Site) -> None:
    async with site.world() as world, await acquire(world.state, "apply"):
        with pytest.raises(LeaseHeld):
            await move(world.state, FRONT, "Device/main")
    async with site.world() as world:
        await world.state.journal.begin("r", [Begun("c", FRONT, "person", "1", "update")])
        with pytest.raises(UsageError, match="whose end is not known"):
            await move(world.state, FRONT, "Device/main")


async def test_an_empty_state_has_nothing_to_rename(tmp_path: Path) -> None:
    async with Site(tmp_path).world() as world:
        with pytest.raises(UsageError) as caught:
            await move(world.state, FRONT, "Device/main")
    assert caught.value.hint == "the state is empty"
