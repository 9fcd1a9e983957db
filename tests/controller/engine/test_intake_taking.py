"""Taking over what is there: ours as it stands, with nothing written to the target, by the rules of every plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.engine.applying.apply import Run, apply_plan
from controller.engine.intake.taking import NothingIsWritten, Taking, Which, make_taking, sealed
from controller.engine.judging.kinds import provider_of
from controller.model.change import Action, Condition, Verdict
from controller.model.errors import UsageError
from controller.model.outcome import RunResult, Status
from controller.model.period import Period
from controller.model.scope import Scope
from controller.sdk.errors import Incomplete, Unreachable
from controller.sdk.provider import Write
from controller.spec.policy import ControllerSpec
from tests.memory import Door, Site, record

pytestmark = pytest.mark.anyio

YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
DOORS = Scope(targets=("Device/*",))


def there(key: str, until: str = YEAR.end, name: str = "") -> tuple[object, ...]:
    return (name or f"Member {key}", Period(YEAR.begin, until), (1,))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Five members, and all of them at the door already."""
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 6)]
    site.front.persons = {str(number): there(str(number)) for number in range(1, 6)}
    return site


async def take(site: Site, which: Which = "matching", scope: Scope = DOORS) -> tuple[Taking, RunResult]:
    async with site.world() as world:
        taking = await make_taking(world, scope, which)
        run = Run(site.before_send, site.stop)
        return taking, await apply_plan(replace(world, specs=sealed(world.specs, which)), taking.planned, run)


async def plan_of(site: Site) -> list[tuple[str, str]]:
    return [(change.action.value, change.key) for change in (await site.plan()).plan.changes]


async def test_what_is_there_and_declared_becomes_ours_and_the_next_plan_is_empty(site: Site) -> None:
    taking, result = await take(site)
    assert (result.counts, taking.differing, taking.left, site.front.writes) == ({"done": 5}, (), (), [])
    plan = (await site.plan()).plan
    assert (plan.changes, plan.notices, plan.limits) == ((), (), ())
    assert plan.resources[0].unchanged == 5 and plan.resources[0].initialised


async def test_it_is_journaled_like_every_run(site: Site) -> None:
    _, result = await take(site)
    async with site.world() as world:
        outcomes = await world.state.outcomes.of_run(result.run)
        rows = (await world.state.inventory.everything("Device/front"))["person"]
    assert {(o.action, o.status) for o in outcomes} == {("adopt", Status.DONE)}
    assert {(row.status, row.source, row.run) for row in rows.values()} == {("owned", "members", result.run)}


async def test_what_differs_is_taken_as_it_stands_and_shown_by_the_next_plan(site: Site) -> None:
    site.front.persons["3"] = there("3", until="2037-12-31T23:59:59")
    taking, _ = await take(site)
    assert [(change.key, [f.name for f in change.fields]) for change in taking.differing] == [("3", ["valid"])]
    assert site.front.persons["3"] == there("3", until="2037-12-31T23:59:59")
    change = (await site.plan()).plan.changes[0]
    assert (change.action, change.key, change.drift, change.reason) == (Action.UPDATE, "3", False, "what is declared has changed")


async def test_somebody_else_under_our_number_is_left_unless_it_is_said_whatever_the_name(site: Site) -> None:
    site.front.persons["2"] = there("2", name="Nobody We Know")
    taking, result = await take(site)
    assert (result.counts, [(n.code, n.key) for n in taking.left]) == ({"done": 4}, [("identity-differs", "2")])
    taking, result = await take(site, "all")
    assert (result.counts, [c.key for c in taking.differing], site.front.writes) == ({"done": 1}, ["2"], [])


async def test_whom_nobody_declares_is_no_business_of_ours(site: Site) -> None:
    site.front.persons["99"] = there("99")
    await take(site)
    async with site.world() as world:
        assert "99" not in (await world.state.inventory.index("Device/front", "person"))


async def test_administrators_are_left_alone_with_their_cards(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows[0] = record("1", card="C1")
    site.front.administrators, site.front.cards = {"1"}, {"C1": "1"}
    taking, result = await take(site)
    assert result.counts == {"done": 4}
    assert [(n.verdict, n.code) for n in taking.left if n.kind == "person"] == [(Verdict.PROTECTED, "administrator")]
    async with site.world() as world:
        assert "1" not in await world.state.inventory.index("Device/front", "person")
        assert await world.state.inventory.index("Device/front", "card") == {}


async def test_a_listed_administrator_is_taken(site: Site) -> None:
    site.front.administrators = {"1"}
    site.policies["front"] = {"manageAdministrators": ["person/1"]}
    taking, result = await take(site)
    assert (result.counts, taking.left) == ({"done": 5}, ())


async def test_a_protected_one_that_differs_is_left(site: Site) -> None:
    site.policies["front"] = {"protect": ["person/4"]}
    site.front.persons["4"] = there("4", until="2037-12-31T23:59:59")
    taking, result = await take(site)
    assert (result.counts, [(n.code, n.key) for n in taking.left]) == ({"done": 4}, [("protected", "4")])


async def test_cards_are_taken_under_what_stands_for_their_number(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows[0] = record("1", card="C1")
    site.front.cards = {"C1": "1"}
    taking, result = await take(site)
    assert result.counts == {"done": 6} and "C1" not in repr(taking) + repr(result)
    assert await plan_of(site) == []


async def test_a_card_of_somebody_else_would_need_a_new_one_and_is_left_to_the_plan(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows[0] = record("1", card="C1")
    site.front.cards = {"C1": "2"}
    taking, result = await take(site, "all")
    assert (result.counts, [n.code for n in taking.left], site.front.cards) == ({"done": 5}, ["needs-replacing"], {"C1": "2"})


async def test_only_validity_is_taken_where_only_validity_is_managed(site: Site) -> None:
    site.manage = ("valid",)
    site.front.persons["1"] = there("1", until="2037-12-31T23:59:59", name="Whoever")
    taking, result = await take(site)
    assert (result.counts, [c.key for c in taking.differing]) == ({"done": 5}, ["1"])
    async with site.world() as world:
        row = (await world.state.inventory.load("Device/front", "person", ["1"]))["1"]
    assert (row.managed, row.only_existing, set(row.fields)) == (("valid",), True, {"valid"})


async def test_a_list_that_ended_early_takes_nothing(site: Site) -> None:
    site.front.page = 2

    def fail(call: str) -> None:
        if call.startswith("observe") and site.front.calls.count(call) == 2:
            raise Incomplete("the list ended early")

    site.front.fail = fail
    taking, result = await take(site)
    assert (taking.planned.plan.resources[0].condition, result.outcomes) == (Condition.PARKED, ())
    async with site.world() as world:
        assert await world.state.inventory.resources() == []


async def test_another_device_at_the_address_is_not_taken(site: Site) -> None:
    await take(site)
    site.front.serial = "S2"
    site.members.rows.append(record("6"))
    site.front.persons["6"] = there("6")
    taking, result = await take(site)
    assert taking.planned.plan.resources[0].condition is Condition.PARKED and result.counts == {}


async def test_one_that_cannot_be_reached_keeps_no_other_from_being_taken(site: Site) -> None:
    site.doors["back"] = Door(persons=dict(site.front.persons), serial="S2")

    def fail(call: str) -> None:
        raise Unreachable("nobody answers")

    site.front.fail = fail
    taking, result = await take(site)
    assert (result.counts, {o.resource for o in result.outcomes}) == ({"done": 5}, {"Device/back"})
    assert result.rollup.value == "partial" and len(taking.planned.plan.resources) == 2


async def test_who_moved_between_the_look_and_the_taking_is_stale(site: Site) -> None:
    async with site.world() as world:
        taking = await make_taking(world, DOORS)
        site.front.persons["1"] = there("1", until="2027-01-01T00:00:00")
        result = await apply_plan(world, taking.planned, Run(site.before_send, site.stop))
    assert result.counts == {"done": 4, "stale": 1}


async def test_an_empty_source_takes_nothing(site: Site) -> None:
    await take(site)
    site.members.rows.clear()
    taking, _ = await take(site)
    assert taking.planned.plan.resources[0].condition is Condition.PARKED
    async with site.world() as world:
        assert len(await world.state.inventory.index("Device/front", "person")) == 5


async def test_a_run_that_takes_over_does_not_say_that_all_is_in_order(site: Site) -> None:
    site.members.rows.append(record("6"))
    await take(site)
    async with site.world() as world:
        conditions = {c.type: c.status for c in await world.state.conditions.of("Device/front")}
    assert "Synced" not in conditions
    assert await plan_of(site) == [("create", "6")]


async def test_a_second_time_there_is_nothing_to_take(site: Site) -> None:
    await take(site)
    taking, result = await take(site)
    assert (taking.planned.plan.changes, result.outcomes) == ((), ())


async def test_no_writer_is_at_hand(site: Site) -> None:
    async with site.world() as world:
        resource = sealed(world.specs, "matching").targets[0]
        writer: Any
        async with provider_of(resource).writer(resource.config, None) as writer:  # type: ignore[arg-type]
            [written] = [w async for w in writer.apply([Write("1", Action.DELETE, "person", "1", there("1"))])]
    assert isinstance(written.error, NothingIsWritten) and site.front.calls == []


async def test_a_new_name_is_applied_before_anything_is_taken_under_it(site: Site) -> None:
    await take(site)
    site.doors["main"] = site.doors.pop("front")
    site.controller = ControllerSpec.model_validate(
        {"timezone": "Europe/Stockholm", "moved": [{"from": "Device/front", "to": "Device/main"}]}
    )
    with pytest.raises(UsageError, match="got a new name"):
        await take(site)


async def test_an_empty_list_leaves_what_is_ours_and_says_so(site: Site) -> None:
    await take(site)
    site.sources = ()
    plan = (await site.plan()).plan
    assert (plan.changes, [n.code for n in plan.notices]) == ((), ["nothing-declared"])
    assert "(5)" in plan.notices[0].message and site.front.writes == []
