"""A rollback returns what a run changed, and nothing else: not what moved since, not more than is declared, not by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from controller.engine.applying.apply import Run as ApplyRun
from controller.engine.applying.apply import apply_plan
from controller.engine.judging.survey import target_of
from controller.engine.past.account import account
from controller.engine.past.deeds import Deed, Entry
from controller.engine.past.returning import Case, give_back
from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned
from controller.engine.wishes.desired import DesiredSet
from controller.model.change import Action, Change, Condition, FieldChange, Plan
from controller.model.entity import Actual, Effect, EntityKind, Field
from controller.model.errors import PlanRejected, UsageError
from controller.model.outcome import RunResult, Status
from controller.model.period import Period
from controller.model.scope import EVERYTHING, Scope
from controller.runtime.past import rollback
from controller.runtime.workspace import Workspace
from controller.sdk.errors import Busy
from controller.spec.policy import ControllerSpec
from controller.state.rows import OwnedRow
from tests.memory import BARRED, PERSON, Site, record

pytestmark = pytest.mark.anyio

YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
LATER = "2027-12-31T23:59:59"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Twelve members are at the door."""
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 13)]
    return site


async def back(site: Site, run: str = "last", *allow: str, scope: Scope = EVERYTHING) -> Plan:
    async with site.world() as world:
        return (await rollback(Workspace(world, cast(Any, None), world), run, scope, frozenset(allow))).plan


async def carry_out(site: Site, plan: Plan) -> RunResult:
    """As ``trueup apply FILE`` does: from the bytes of the file alone."""
    async with site.world() as world:
        read = planfile.admit(planfile.decode(planfile.encode(plan), world.keys, "file"), world)
        return await apply_plan(world, Planned(read), ApplyRun(site.before_send, site.stop))


def codes(plan: Plan) -> list[tuple[str, str]]:
    return sorted((notice.key, notice.code) for notice in plan.notices)


async def test_who_was_changed_gets_the_old_values_back(site: Site) -> None:
    await site.apply()
    before = dict(site.front.persons)
    site.members.rows[0] = record("1", LATER)
    result = await site.apply()
    plan = await back(site)
    assert plan.returns == result.run
    assert [(c.key, c.action, c.effect) for c in plan.changes] == [("1", Action.UPDATE, Effect.REVOKES)]
    assert (await carry_out(site, plan)).rollup == "success"
    assert site.front.persons == before
    again = (await site.plan()).plan.changes
    assert [(c.key, c.reason, c.drift) for c in again] == [("1", "what is declared has changed", False)]


async def test_nothing_is_written_by_a_rollback_itself(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    writes = list(site.front.writes)
    await back(site)
    assert site.front.writes == writes


@pytest.mark.parametrize(("policy", "action"), [({"onRemoval": "delete"}, Action.DELETE), ({"onRemoval": "expire"}, Action.BAR)])
async def test_who_was_added_goes_as_the_policy_says(site: Site, policy: dict[str, Any], action: Action) -> None:
    site.policies["front"] = policy
    await site.apply()
    site.members.rows.append(record("13"))
    await site.apply()
    plan = await back(site)
    assert [(c.key, c.action, c.reason) for c in plan.changes] == [("13", action, "was added by that run")]
    await carry_out(site, plan)
    assert ("13" in site.front.persons) is (action is Action.BAR)
    if action is Action.BAR:
        assert site.front.persons["13"][1] == BARRED


@pytest.mark.parametrize(("policy", "rule"), [({"onRemoval": "keep"}, "onRemoval: keep"), ({"prune": "none"}, "prune: none")])
async def test_who_was_added_stays_where_the_policy_removes_nobody(site: Site, policy: dict[str, Any], rule: str) -> None:
    site.policies["front"] = policy
    await site.apply()
    site.members.rows.append(record("13"))
    await site.apply()
    plan = await back(site)
    assert plan.changes == () and codes(plan) == [("13", "kept")] and rule in plan.notices[0].message


async def test_who_was_added_and_is_protected_stays(site: Site) -> None:
    site.policies["front"] = {"neverRemove": ["person/13"], "onRemoval": "delete"}
    await site.apply()
    site.members.rows.append(record("13"))
    await site.apply()
    plan = await back(site)
    assert plan.changes == () and codes(plan) == [("13", "protected")]
    assert "was added by that run but stays" in plan.notices[0].message


async def test_what_moved_since_is_left_alone(site: Site) -> None:
    site.policies["front"] = {"limits": {"grant": "100%"}}
    await site.apply()
    site.members.rows[:3] = [record(str(number), LATER) for number in (1, 2, 3)]
    site.members.rows.append(record("13"))
    result = await site.apply()
    name, _, doors = site.front.persons["1"]
    site.front.persons["1"] = (name, Period("2026-01-01T00:00:00", "2028-12-31T23:59:59"), doors)
    del site.front.persons["2"], site.front.persons["13"]
    plan = await back(site, result.run)
    assert [c.key for c in plan.changes] == ["3"]
    assert codes(plan) == [("1", "moved-since"), ("13", "gone-since"), ("2", "moved-since")]


async def test_what_moves_between_the_rollback_and_its_apply_is_stale(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    plan = await back(site)
    name, _, doors = site.front.persons["1"]
    site.front.persons["1"] = (name, Period("2026-01-01T00:00:00", "2028-12-31T23:59:59"), doors)
    result = await carry_out(site, plan)
    assert [o.status for o in result.outcomes] == [Status.STALE]


async def test_nobody_gets_more_than_the_specs_declare_today_unless_that_is_allowed(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "expire"}
    await site.apply()
    del site.members.rows[:2]
    await site.apply()
    plan = await back(site)
    assert plan.changes == () and codes(plan) == [("1", "wider-than-declared"), ("2", "wider-than-declared")]
    assert plan.notices[0].hint.endswith("--allow wider:Device/front=2")
    assert (await back(site, "last", "wider:Device/front=1")).changes == ()  # allowed is what was counted, not more
    allowed = await back(site, "last", "wider:Device/front=2")
    assert allowed.allowances == ("wider:Device/front=2",)
    assert all("although the specs of today do not declare it" in c.reason for c in allowed.changes)
    await carry_out(site, allowed)
    assert site.front.persons["1"][1] == YEAR


async def test_who_was_barred_by_mistake_and_is_declared_again_is_let_in_without_more(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "expire"}
    await site.apply()
    gone = site.members.rows.pop(0)
    await site.apply()
    site.members.rows.insert(0, gone)
    plan = await back(site)
    assert [(c.key, c.action, c.effect) for c in plan.changes] == [("1", Action.UPDATE, Effect.GRANTS)]
    await carry_out(site, plan)
    assert site.front.persons["1"][1] == YEAR
    assert (await site.plan()).plan.changes == ()


async def test_who_is_declared_for_less_today_is_not_given_back_more(site: Site) -> None:
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    site.members.rows[0] = record("1")
    await site.apply()
    plan = await back(site)
    assert codes(plan) == [("1", "wider-than-declared")] and "declare less (valid)" in plan.notices[0].message


async def test_a_return_to_a_barred_form_closes_and_stays_closed(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "expire"}
    await site.apply()
    gone = site.members.rows.pop(0)
    await site.apply()
    site.members.rows.insert(0, gone)
    result = await site.apply()
    site.members.rows.pop(0)
    plan = await back(site, result.run)
    assert [(c.action, c.effect) for c in plan.changes] == [(Action.BAR, Effect.REVOKES)]
    await carry_out(site, plan)
    assert site.front.persons["1"][1] == BARRED
    assert (await site.plan()).plan.changes == ()


async def test_a_removed_person_comes_back_with_the_card_whose_number_no_plan_holds(site: Site) -> None:
    site.manage, site.policies["front"] = ("person", "card"), {"onRemoval": "delete"}
    site.members.rows[0] = record("1", card="77001122")
    await site.apply()
    del site.members.rows[0]
    await site.apply()
    assert (site.front.cards, "1" in site.front.persons) == ({}, False)
    plan = await back(site, "last", "wider:Device/front=2")
    assert [c.kind for c in plan.changes] == ["person", "card"]
    assert b"77001122" not in planfile.encode(plan)
    assert (await carry_out(site, plan)).rollup == "success"
    assert site.front.cards == {"77001122": "1"} and site.front.persons["1"][1] == YEAR


async def test_a_card_is_not_made_again_for_somebody_who_is_not_there(site: Site) -> None:
    site.manage, site.policies["front"] = ("person", "card"), {"onRemoval": "delete"}
    site.members.rows[0] = record("1", card="77001122")
    await site.apply()
    del site.members.rows[0]
    await site.apply()
    plan = await back(site, "last", "wider:Device/front=2", scope=EVERYTHING)
    card = next(c for c in plan.changes if c.kind == "card")
    site.front.persons["1"] = ("A stranger", YEAR, (1,))
    plan = await back(site, "last", "wider:Device/front=1")
    assert plan.changes == ()
    assert codes(plan) == [("1", "moved-since"), (card.key, "subject-missing")]


async def test_a_card_returns_to_whose_it_was(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows[:2] = [record("1", card="77001122"), record("2")]
    await site.apply()
    site.members.rows[:2] = [record("1"), record("2", card="77001122")]
    await site.apply()
    assert site.front.cards == {"77001122": "2"}
    refused = await back(site)
    assert [n.message for n in refused.notices] == [
        "a card of 2 is not given back: the specs of today declare it for somebody else"
    ]
    plan = await back(site, "last", "wider:Device/front=1")
    assert [c.action for c in plan.changes] == [Action.DELETE, Action.CREATE]
    assert (await carry_out(site, plan)).rollup == "success"
    assert site.front.cards == {"77001122": "1"}


async def test_who_was_taken_over_gets_the_old_values_and_is_not_ours_again(site: Site) -> None:
    site.policies["front"] = {"adopt": "all", "onRemoval": "delete"}
    await site.apply()
    site.front.persons["13"] = ("Somebody else", BARRED, (2,))
    site.front.persons["14"] = ("Member 14", YEAR, (1,))
    site.members.rows += [record("13"), record("14")]
    await site.apply()
    assert site.front.persons["13"][0] == "Member 13"
    plan = await back(site)
    assert [(c.key, c.action) for c in plan.changes] == [
        ("14", Action.FORGET), ("13", Action.BAR), ("13", Action.FORGET)
    ]  # fmt: skip
    await carry_out(site, plan)
    assert site.front.persons["13"] == ("Somebody else", BARRED, (2,))
    del site.members.rows[-2:]
    assert (await site.plan()).plan.changes == ()  # a stranger again: nobody removes him


async def test_administrators_stay_as_they_are(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    site.front.administrators.add("1")
    plan = await back(site)
    assert plan.changes == () and codes(plan) == [("1", "protected")]


async def test_limits_stand_against_a_rollback_too(site: Site) -> None:
    site.policies["front"] = {"limits": {"revoke": "30%", "grant": "100%"}, "onRemoval": "delete"}
    await site.apply()
    site.members.rows += [record(str(number)) for number in range(13, 23)]
    await site.apply()
    plan = await back(site)
    assert [limit.rule for limit in plan.limits] == ["revoke"] and len(plan.changes) == 10
    result = await carry_out(site, plan)
    assert {o.status for o in result.outcomes} == {Status.REFUSED} and len(site.front.persons) == 22
    assert (await back(site, plan.returns, "revoke:Device/front=10")).limits == ()


async def test_the_rules_of_the_operator_stand_against_a_rollback_too(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    rule = {"name": "calm", "deny": "nothing is narrowed now", "when": {"effect": ["revokes"]}}
    site.controller = ControllerSpec.model_validate({"timezone": "Europe/Stockholm", "rules": [rule]})
    assert [limit.rule for limit in (await back(site)).limits] == ["policy:calm"]


async def test_a_source_that_cannot_be_read_gives_nothing_back_but_takes_away_what_was_added(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "expire"}
    await site.apply()
    site.members.rows[0] = record("13")  # 1 is barred, 13 is added
    await site.apply()
    site.members.fail_after = 2
    plan = await back(site)
    assert [(c.key, c.action) for c in plan.changes] == [("13", Action.BAR)]
    assert codes(plan) == [("1", "wider-than-declared")] and "a source could not be read" in plan.notices[0].message
    await carry_out(site, plan)
    assert site.front.persons["13"][1] == BARRED


async def test_whose_record_cannot_be_followed_is_not_given_back_more(site: Site) -> None:
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    site.members.rows[0] = record("1")
    await site.apply()
    site.members.rows[0] = record("1", "")
    assert "its record cannot be followed today" in (await back(site)).notices[0].message


async def test_another_device_at_the_address_is_parked(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    site.front.serial = "S2"
    plan = await back(site)
    assert plan.changes == () and plan.resources[0].condition is Condition.PARKED


async def test_an_exchanged_device_that_is_declared_is_not_the_one_of_then(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    site.front.serial = site.declared_serial = "S2"
    [summary] = (await back(site)).resources
    assert summary.condition is Condition.PARKED and "the run worked on serial number S1, but S2 answers now" in summary.message


async def test_a_target_that_does_not_answer_is_parked_and_the_others_are_returned(site: Site) -> None:
    site.doors["side"] = type(site.front)(serial="S9")
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()

    def fail(call: str) -> None:
        raise Busy("busy")

    site.front.fail = fail
    plan = await back(site)
    assert [c.resource for c in plan.changes] == ["Device/side"]
    assert {r.address: r.condition.value for r in plan.resources} == {"Device/front": "parked", "Device/side": "complete"}


async def test_a_part_can_be_returned(site: Site) -> None:
    await site.apply()
    site.members.rows[:2] = [record("1", LATER), record("2", LATER)]
    await site.apply()
    plan = await back(site, scope=Scope(targets=("Device/front:person/2",)))
    assert [c.key for c in plan.changes] == ["2"] and plan.scope == ("--target Device/front:person/2",)


async def test_what_was_only_forgotten_stays_so(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "keep"}
    await site.apply()
    del site.members.rows[0]
    await site.apply()
    plan = await back(site)
    assert plan.changes == () and codes(plan) == [("1", "only-forgotten")]


async def test_what_left_the_specs_is_told_and_stays(site: Site) -> None:
    await site.apply()
    site.doors["side"] = site.doors.pop("front")
    plan = await back(site)
    assert plan.changes == () and [n.code for n in plan.notices] == ["not-declared"]
    other = await back(site, scope=Scope(targets=("Device/side",)))
    assert other.notices == ()


async def test_what_is_not_ours_any_more_is_left_alone(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    async with site.world() as world:
        await world.state.inventory.remove("Device/front", "person", ["1"])
    assert codes(await back(site)) == [("1", "not-ours-now")]


async def test_who_was_removed_and_is_there_again_is_left_alone(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "delete"}
    await site.apply()
    del site.members.rows[0]
    await site.apply()
    site.front.persons["1"] = ("Member 1", YEAR, (1,))
    assert codes(await back(site)) == [("1", "moved-since")]


async def test_before_images_that_are_gone_are_said_when_planning_and_when_applying(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows[0] = record("1", card="77001122")
    await site.apply()
    site.members.rows[0] = record("1")
    await site.apply()
    plan = await back(site, "last", "wider:Device/front=1")
    assert [c.kind for c in plan.changes] == ["card"]
    async with site.world() as world:
        await world.state.store.write(lambda conn: conn.execute("UPDATE journal SET before_image = x'01'").rowcount)
    result = await carry_out(site, plan)
    assert [(o.status, o.message) for o in result.outcomes] == [
        (Status.STALE, "what stood there before is not kept any more, or was sealed with another key")
    ]
    again = await back(site, plan.returns, "wider:Device/front=1")
    assert again.changes == () and [n.code for n in again.notices] == ["not-kept"]


async def test_what_nobody_knows_the_end_of_is_left_alone(site: Site) -> None:
    await site.apply()
    site.members.rows[:2] = [record("1", LATER), record("2", LATER)]
    async with site.world() as world:
        planned = (await site.plan()).plan
    result = await site.apply()
    async with site.world() as world:
        sql = "UPDATE outcomes SET status = 'failed', effect = 'unknown' WHERE run = ? AND entity_key = '1'"
        await world.state.store.write(lambda conn: conn.execute(sql, (result.run,)).rowcount)
        gone = "DELETE FROM outcomes WHERE run = ? AND entity_key = '2'"
        await world.state.store.write(lambda conn: conn.execute(gone, (result.run,)).rowcount)
    assert len(planned.changes) == 2
    assert codes(await back(site)) == [("1", "end-unknown"), ("2", "end-unknown")]


async def test_a_run_that_is_not_over_or_whose_plan_is_gone_cannot_be_returned(site: Site) -> None:
    await site.apply()
    async with site.world() as world:
        await world.state.store.write(lambda conn: conn.execute("DELETE FROM run_plans").rowcount)
    with pytest.raises(UsageError, match="not kept any more"):
        await back(site)
    async with site.world() as world:
        await world.state.store.write(lambda conn: conn.execute("UPDATE runs SET status = 'running', ended = ''").rowcount)
    with pytest.raises(UsageError, match="not over"):
        await back(site)


async def test_a_rollback_is_no_first_sync_and_says_nothing_good_of_the_rest(site: Site) -> None:
    result = await site.apply()
    async with site.world() as world:
        await world.state.store.write(lambda conn: conn.execute("UPDATE targets SET initialised = 0").rowcount)
    site.policies["front"] = {"onRemoval": "delete", "limits": {"revoke": "100%"}}
    site.stop = asyncio.Event()
    plan = await back(site, result.run, "bootstrap")
    assert len(plan.changes) == 12 and plan.limits == ()
    await carry_out(site, plan)
    assert site.front.persons == {}
    async with site.world() as world:
        assert not await world.state.targets.initialised("Device/front")


async def test_a_rollback_can_be_returned_itself_and_is_found_in_the_account_of_its_run(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    result = await site.apply()
    await carry_out(site, await back(site))
    async with site.world() as world:
        found = await account(world.state, "last")
    assert found.plan is not None and found.plan.returns == result.run
    plan = await back(site)
    assert [(c.key, c.effect) for c in plan.changes] == [("1", Effect.GRANTS)]  # as declared, so nothing has to be allowed


# -- what the memory door has no kind for ------------------------------------------------------------------------------------

FACE = EntityKind(
    "person",
    (*PERSON.fields, Field("face", write_only=True), Field("number", immutable=True), Field("level", clearable=False)),
)


async def _case(site: Site, actual: Actual | None, before: Actual | None, *fields: str, **policy: Any) -> Case:
    """A run changed these fields of person 1 of a kind with a face; it stands as that run left it."""
    site.policies["front"] = policy
    async with site.world() as world:
        target = await target_of(world, world.specs.targets[0], DesiredSet())
        marks = world.marks
    entry = Entry(FACE, "1", "Ann")
    changes = [
        Change(
            "c", "Device/front", "person", "1", Action.UPDATE if actual else Action.DELETE, Effect.NEUTRAL, "",
            fields=tuple(FieldChange(name) for name in fields), fingerprint=marks.entity(FACE, actual, None),
        )
    ]  # fmt: skip
    entry.deeds += [Deed(change, before, "run/c") for change in changes]
    row = OwnedRow("Device/front", "person", "1") if actual else None
    return Case(target, entry, actual, row)


def person(name: str = "Ann", face: Any = None, number: str = "n1", level: str | None = "a") -> Actual:
    return Actual("1", (name, YEAR, (1,), face, number, level))


async def _given_back(case: Case) -> tuple[list[Change], list[tuple[str, str]]]:
    give_back(case)
    return case.target.changes, [(n.code, n.message) for n in case.target.notices]


async def test_a_face_cannot_be_given_back_and_that_is_said(site: Site) -> None:
    changes, notices = await _given_back(await _case(site, person("Bo"), person("Ann"), "name", "face"))
    assert [f.name for f in changes[0].fields] == ["name"]
    assert notices == [("unreadable", "person 1 does not get its face back: that can be written, but never be read")]
    changes, notices = await _given_back(await _case(site, None, person("Ann"), onRemoval="delete"))
    assert changes[0].action is Action.CREATE and changes[0].managed is not None and "face" not in changes[0].managed
    assert [code for code, _ in notices] == ["unreadable"]


async def test_what_cannot_be_changed_in_place_is_replaced_unless_it_is_never_removed(site: Site) -> None:
    changes, _ = await _given_back(await _case(site, person(number="n2"), person(), "number"))
    assert [c.action for c in changes] == [Action.DELETE, Action.CREATE]
    changes, notices = await _given_back(await _case(site, person(number="n2"), person(), "number", neverRemove=["person/1"]))
    assert changes == [] and [code for code, _ in notices] == ["never-removed"]


async def test_what_cannot_be_cleared_or_is_ignored_stays(site: Site) -> None:
    changes, notices = await _given_back(await _case(site, person(), person(level=None), "level"))
    assert changes == [] and [code for code, _ in notices] == ["not-clearable"]
    changes, notices = await _given_back(await _case(site, person("Bo"), person(), "name", ignore=["name"]))
    assert changes == [] and [code for code, _ in notices] == ["ignored"]


async def test_what_is_protected_by_now_stays_as_the_run_left_it(site: Site) -> None:
    for case in (
        await _case(site, person("Bo"), person(), "name", protect=["person/1"]),
        await _case(site, None, person(), protect=["person/1"]),
    ):
        changes, notices = await _given_back(case)
        assert changes == [] and [code for code, _ in notices] == ["protected"]


async def test_more_than_there_is_room_for_is_said(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "delete"}
    await site.apply()
    gone = site.members.rows.pop(0)
    await site.apply()
    site.members.rows.insert(0, gone)
    site.front.capacity = 11
    plan = await back(site)
    assert plan.changes == () and codes(plan) == [("1", "full")]


async def test_the_plan_of_a_rollback_that_was_edited_is_refused(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", LATER)
    await site.apply()
    plan = await back(site)
    async with site.world() as world:
        with pytest.raises(PlanRejected, match="edited"):
            planfile.decode(planfile.encode(replace(plan, allowances=("wider:Device/front=99",))), world.keys, "undo.json")
