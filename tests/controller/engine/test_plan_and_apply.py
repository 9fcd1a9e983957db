"""The main line: what is declared comes to be, a second plan is empty, and what is not ours is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.engine.plans.planfile import admit, decode, encode, signed
from controller.engine.plans.planning import Planned, Wanted
from controller.model.change import Action, Condition, Verdict
from controller.model.entity import Effect
from controller.model.outcome import Rollup, Status
from controller.model.period import Period
from controller.model.scope import Scope
from controller.sdk.errors import Busy, Done, Full, Rejected, TimedOut, Unauthorized, Unreachable
from controller.sdk.provider import Write
from tests.memory import BARRED, Door, Manage, Site, record

pytestmark = pytest.mark.anyio

YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
BOOTSTRAP = frozenset({"bootstrap"})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 21)]
    return site


def there(key: str, until: str = YEAR.end, name: str = "") -> tuple[object, ...]:
    return (name or f"Member {key}", Period(YEAR.begin, until), (1,))


async def test_members_come_through_the_door_and_a_second_plan_is_empty(site: Site) -> None:
    result = await site.apply()
    assert result.rollup is Rollup.SUCCESS and result.counts == {"done": 20}
    assert site.front.persons["7"] == there("7")
    plan = (await site.plan()).plan
    assert (plan.changes, plan.notices, plan.limits) == ((), (), ())
    assert plan.resources[0].unchanged == 20


async def test_a_no_op_writes_nothing_and_begins_nothing(site: Site) -> None:
    await site.apply()
    site.front.calls.clear()
    result = await site.apply(bootstrap=False)
    assert site.front.writes == [] and result.outcomes == ()


async def test_the_first_sync_asks_for_bootstrap(site: Site) -> None:
    planned = await site.plan()
    assert [limit.rule for limit in planned.plan.limits] == ["bootstrap"]
    result = await site.apply(planned)
    assert {o.status for o in result.outcomes} == {Status.REFUSED} and site.front.persons == {}


async def test_somebody_changed_at_the_door_is_drift_and_is_put_right(site: Site) -> None:
    await site.apply()
    site.front.persons["3"] = there("3", until="2037-12-31T23:59:59")
    change = (await site.plan()).plan.changes[0]
    assert (change.action, change.effect, change.drift) == (Action.UPDATE, Effect.REVOKES, True)
    assert change.fields[0].was == "2026-01-01 to 2037-12-31" and change.fields[0].becomes == "2026-01-01 to 2026-12-31"
    await site.apply(bootstrap=False)
    assert site.front.persons["3"] == there("3")


async def test_a_changed_record_is_no_drift(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", until="2026-06-30T23:59:59")
    change = (await site.plan()).plan.changes[0]
    assert not change.drift and change.reason == "what is declared has changed"


async def test_somebody_removed_at_the_door_comes_back_as_drift(site: Site) -> None:
    await site.apply()
    del site.front.persons["3"]
    change = (await site.plan()).plan.changes[0]
    assert (change.action, change.drift) == (Action.CREATE, True)


async def test_who_is_no_longer_declared_is_barred_and_stays_barred(site: Site) -> None:
    await site.apply()
    del site.members.rows[0]
    assert (await site.apply(bootstrap=False)).counts == {"done": 1}
    assert site.front.persons["1"][1] == BARRED
    assert (await site.plan()).plan.changes == ()
    site.front.persons["1"] = there("1")
    change = (await site.plan()).plan.changes[0]
    assert (change.action, change.effect, change.drift) == (Action.BAR, Effect.REVOKES, True)


async def test_who_is_barred_and_declared_again_may_enter_again(site: Site) -> None:
    await site.apply()
    gone = site.members.rows.pop(0)
    await site.apply(bootstrap=False)
    site.members.rows.insert(0, gone)
    change = (await site.plan()).plan.changes[0]
    assert (change.action, change.reason) == (Action.UPDATE, "is declared again")
    await site.apply(bootstrap=False)
    assert site.front.persons["1"] == there("1") and (await site.plan()).plan.changes == ()


async def test_who_has_expired_by_himself_needs_no_write_to_be_barred(site: Site) -> None:
    site.members.rows[0] = record("1", until="2026-03-31T23:59:59")
    await site.apply()
    site.front.calls.clear()
    del site.members.rows[0]
    await site.apply(bootstrap=False)
    assert site.front.writes == [] and (await site.plan()).plan.changes == ()


@pytest.mark.parametrize(("policy", "left"), [("delete", False), ("keep", True)])
async def test_on_removal_deletes_or_keeps(site: Site, policy: str, left: bool) -> None:
    site.policies["front"] = {"onRemoval": policy}
    await site.apply()
    del site.members.rows[0]
    await site.apply(bootstrap=False)
    assert ("1" in site.front.persons) is left
    assert (await site.plan()).plan.changes == ()


async def test_strangers_are_left_alone_and_counted(site: Site) -> None:
    site.front.persons["900"] = there("900")
    await site.apply()
    plan = (await site.plan()).plan
    assert plan.changes == () and plan.resources[0].foreign == 1 and "900" in site.front.persons


async def test_prune_none_leaves_what_is_no_longer_declared(site: Site) -> None:
    site.policies["front"] = {"prune": "none"}
    await site.apply()
    del site.members.rows[0]
    assert (await site.plan()).plan.changes == ()


async def test_prune_all_removes_strangers_within_the_limits(site: Site) -> None:
    site.policies["front"] = {"prune": "all", "onRemoval": "delete"}
    site.front.persons["900"] = there("900")
    result = await site.apply()
    assert result.counts == {"refused": 21}  # one of one entry would lose access
    del site.front.persons["900"]
    await site.apply()
    site.front.persons["900"] = there("900")
    await site.apply(bootstrap=False)
    assert "900" not in site.front.persons and len(site.front.persons) == 20


async def test_a_stranger_under_our_key_is_refused_and_listed(site: Site) -> None:
    site.front.persons["1"] = there("1", name="Somebody Else")
    plan = (await site.plan()).plan
    assert [(n.verdict, n.code, n.key) for n in plan.notices] == [(Verdict.FOREIGN, "not-ours", "1")]
    assert "adopt: matching" in plan.notices[0].hint


async def test_adopt_matching_takes_who_agrees_and_refuses_who_does_not(site: Site) -> None:
    site.policies["front"] = {"adopt": "matching"}
    site.front.persons["1"] = there("1", until="2026-03-01T23:59:59")
    site.front.persons["2"] = there("2", name="Somebody Else")
    site.front.persons["3"] = there("3")
    plan = (await site.plan()).plan
    adopted = {c.key: len(c.fields) for c in plan.changes if c.action is Action.ADOPT}
    assert adopted == {"1": 1, "3": 0}
    assert [n.code for n in plan.notices] == ["identity-differs"]
    await site.apply()
    assert site.front.persons["1"] == there("1") and site.front.persons["2"] == there("2", name="Somebody Else")
    assert (await site.plan()).plan.changes == ()


async def test_adopting_what_is_right_already_calls_no_write(site: Site) -> None:
    site.policies["front"] = {"adopt": "all"}
    site.front.persons = {str(n): there(str(n)) for n in range(1, 21)}
    result = await site.apply()
    assert site.front.writes == [] and result.counts == {"done": 20}


async def test_only_existing_persons_are_kept_valid_and_nobody_is_made(site: Site) -> None:
    site.manage = ("valid",)
    site.front.persons = {"1": there("1", until="2026-02-01T23:59:59", name="Åsa"), "2": there("2"), "900": there("900")}
    await site.apply()
    assert site.front.persons == {"1": there("1", name="Åsa"), "2": there("2"), "900": there("900")}
    plan = (await site.plan()).plan
    assert plan.changes == () and {n.code for n in plan.notices} == {"not-there"}
    site.members.rows = site.members.rows[1:]
    await site.apply(bootstrap=False)
    assert site.front.persons["1"][1] == BARRED and site.front.persons["1"][0] == "Åsa"


async def test_a_card_leaves_its_old_owner_before_it_joins_the_new_one(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="555"), record("2")]
    await site.apply()
    site.members.rows = [record("1"), record("2", card="555")]
    plan = (await site.plan()).plan
    assert [c.action for c in plan.changes] == [Action.DELETE, Action.CREATE]
    assert plan.changes[1].after[-1:] == (plan.changes[0].id,) or plan.changes[0].id in plan.changes[1].after
    assert "555" not in repr(plan)
    await site.apply(bootstrap=False)
    assert site.front.cards == {"555": "2"} and (await site.plan()).plan.changes == ()


async def test_a_card_that_a_stranger_holds_is_never_taken(site: Site) -> None:
    site.manage = ("person", "card")
    site.policies["front"] = {"adopt": "matching"}
    site.front.persons["900"], site.front.cards = there("900"), {"555": "900"}
    site.members.rows = [record("1", card="555")]
    await site.apply()
    assert site.front.cards == {"555": "900"}


async def test_an_administrator_at_the_device_is_untouchable_unless_listed(site: Site) -> None:
    site.policies["front"] = {"adopt": "all"}
    site.front.persons["1"] = there("1", until="2026-02-01T23:59:59")
    site.front.administrators = {"1"}
    await site.apply()
    assert site.front.persons["1"] == there("1", until="2026-02-01T23:59:59")
    site.policies["front"] = {"adopt": "all", "manageAdministrators": ["person/1"]}
    await site.apply(bootstrap=False)
    assert site.front.persons["1"] == there("1")


@pytest.mark.parametrize("manage", [("person", "card"), ("card",)])
async def test_the_cards_of_an_administrator_are_untouchable_too(site: Site, manage: tuple[Manage, ...]) -> None:
    site.manage = manage
    site.policies["front"] = {"adopt": "all"}
    site.front.persons = {"1": there("1"), "2": there("2")}
    site.front.administrators = {"1"}
    site.members.rows = [record("1", card="555"), record("2", card="666")]
    await site.apply()
    assert site.front.cards == {"666": "2"}


async def test_what_is_protected_stays_and_is_remembered_when_the_spec_forgets(site: Site) -> None:
    site.policies["front"] = {"protect": ["person/1"], "onRemoval": "delete"}
    await site.apply()
    assert "1" not in site.front.persons  # protected means: not created either
    site.front.persons["1"] = there("1")
    site.policies["front"] = {"onRemoval": "delete", "adopt": "all"}
    site.front.persons["1"] = there("1", until="2026-02-01T23:59:59")
    plan = (await site.plan()).plan
    assert plan.changes == () and plan.notices[0].verdict is Verdict.PROTECTED


async def test_never_remove_keeps_who_is_no_longer_declared(site: Site) -> None:
    site.policies["front"] = {"neverRemove": ["person/1"], "onRemoval": "delete"}
    await site.apply()
    del site.members.rows[0]
    plan = (await site.plan()).plan
    assert plan.changes == () and "never removed" in plan.notices[0].message


async def test_ignored_fields_are_neither_compared_nor_written(site: Site) -> None:
    site.policies["front"] = {"ignore": ["name"], "adopt": "all"}
    site.front.persons["1"] = there("1", name="written at the door")
    await site.apply()
    assert site.front.persons["1"][0] == "written at the door"
    assert (await site.plan()).plan.changes == ()


async def test_selection_does_less_and_never_more(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="555"), record("2")]
    wanted = Wanted(Scope(targets=("Device/front:person/1",)), BOOTSTRAP)
    assert [c.key for c in (await site.plan(wanted)).plan.changes] == ["1"]
    cards = await site.plan(Wanted(Scope(only=("card",)), BOOTSTRAP))
    assert cards.plan.changes == () and cards.plan.notices[0].code == "waits-for-unselected"


async def test_what_moved_since_the_plan_is_stale_and_the_rest_goes_on(site: Site) -> None:
    await site.apply()
    site.members.rows[:2] = [record("1", until="2026-06-30T23:59:59"), record("2", until="2026-06-30T23:59:59")]
    planned = await site.plan()
    site.front.persons["1"] = there("1", until="2026-08-01T23:59:59")
    result = await site.apply(planned)
    assert [o.status for o in result.outcomes] == [Status.STALE, Status.DONE]
    assert site.front.persons["1"] == there("1", until="2026-08-01T23:59:59")


async def test_a_dead_device_is_parked_and_the_others_go_on(site: Site) -> None:
    def dead(call: str) -> None:
        raise Unreachable("no answer from back", hint="is it on?")

    site.doors["back"] = Door(serial="S2", fail=dead)
    result = await site.apply()
    rollups = {r.resource: (r.rollup, r.fatal) for r in result.resources}
    assert rollups["Device/back"] == (Rollup.PARKED, "no answer from back") and rollups["Device/front"][0] is Rollup.SUCCESS
    assert result.rollup is Rollup.PARTIAL and result.first_fatal == "Device/back: no answer from back"


async def test_refused_credentials_are_tried_once(site: Site) -> None:
    planned = await site.plan(Wanted(allow=BOOTSTRAP))
    site.front.calls.clear()

    def refuse(call: str) -> None:
        raise Unauthorized("the password is refused")

    site.front.fail = refuse
    result = await site.apply(planned)
    assert site.front.calls == ["facts"] and {o.status for o in result.outcomes} == {Status.PARKED}
    assert result.resume


async def test_on_fatal_stop_ends_the_whole_run(site: Site) -> None:
    site.doors = {"back": Door(serial="S2"), "front": Door()}
    site.policies["back"] = {"onFatal": "stop"}
    planned = await site.plan(Wanted(allow=BOOTSTRAP))

    def refuse(call: str) -> None:
        raise Unauthorized("the password is refused")

    site.doors["back"].fail = refuse
    result = await site.apply(planned)
    assert site.front.persons == {} and {o.status for o in result.outcomes} == {Status.PARKED}


async def test_a_target_that_was_silent_for_the_plan_ends_the_run_too_where_on_fatal_is_stop(site: Site) -> None:
    site.doors = {"back": Door(serial="S2"), "front": Door()}
    site.policies["back"] = {"onFatal": "stop"}

    def silent(call: str) -> None:
        raise Unreachable("nobody answers")

    site.doors["back"].fail = silent
    result = await site.apply()
    assert site.front.persons == {} and {o.status for o in result.outcomes} == {Status.PARKED}
    assert {o.message for o in result.outcomes} == {"the run ends with Device/back: onFatal is stop"}
    site.doors["back"].fail = lambda call: None
    await site.apply()
    assert site.front.persons and site.doors["back"].persons


async def test_another_device_at_the_address_gets_nothing(site: Site) -> None:
    await site.apply()
    site.front.serial = "OTHER"
    site.front.persons.clear()
    plan = (await site.plan()).plan
    assert plan.resources[0].condition is Condition.PARKED and "OTHER" in plan.resources[0].message
    assert (await site.apply(bootstrap=False)).outcomes == ()


async def test_one_device_declared_twice_is_refused(site: Site) -> None:
    site.doors["twin"] = Door(serial="S1")
    plan = (await site.plan()).plan
    assert {r.condition for r in plan.resources} == {Condition.PARKED} and plan.changes == ()


async def test_a_device_whose_clock_is_wrong_is_parked(site: Site) -> None:
    site.front.offset = 301.0
    plan = (await site.plan()).plan
    assert plan.resources[0].condition is Condition.PARKED and " ahead; it would let people in" in plan.resources[0].message


async def test_a_refused_value_fails_alone(site: Site) -> None:
    def picky(call: str) -> None:
        if call.startswith("write create person/3"):
            raise Rejected("the name is too long")

    site.front.fail = picky
    result = await site.apply()
    assert result.counts == {"done": 19, "failed": 1} and result.rollup is Rollup.PARTIAL
    again = (await site.plan()).plan
    assert [c.key for c in again.changes] == ["3"]


async def test_a_full_device_gets_no_more_creates(site: Site) -> None:
    def full(call: str) -> None:
        if call.startswith("write") and len(site.front.persons) >= 3:
            raise Full("no more room")

    site.front.fail = full
    result = await site.apply()
    assert result.counts == {"done": 3, "failed": 17}
    assert len([c for c in site.front.writes if int(c.rpartition("/")[2]) > 10]) == 0


async def test_a_device_known_to_be_full_is_told_in_the_plan(site: Site) -> None:
    site.front.capacity = 15
    plan = (await site.plan()).plan
    assert len(plan.changes) == 15 and [n.verdict for n in plan.notices] == [Verdict.FULL] * 5


def once(condition: Callable[[str], bool], error: Exception) -> Callable[[str], None]:
    left = [error]

    def fail(call: str) -> None:
        if left and condition(call):
            raise left.pop()

    return fail


async def test_a_busy_device_is_asked_again_after_its_delay(site: Site) -> None:
    site.front.fail = once(lambda call: call.startswith("write create person/3"), Busy("busy", retry_after=7.0))
    before = site.clock.time
    result = await site.apply()
    assert result.counts == {"done": 20} and (site.clock.time - before).total_seconds() >= 7


async def test_a_lost_answer_is_looked_up_and_not_repeated(site: Site) -> None:
    site.front.after = lambda write: lose(write.key)
    lost: list[str] = []

    def lose(key: str) -> None:
        if key == "3" and not lost:
            lost.append(key)
            raise TimedOut("no answer in time", effect=Done.UNKNOWN)

    result = await site.apply()
    assert result.counts == {"done": 20}
    assert site.front.writes.count("write create person/3") == 1


async def test_a_write_that_does_not_show_is_no_success(site: Site) -> None:
    def spoil(write: Write) -> None:
        if write.key == "3":
            site.front.persons["3"] = there("3", until="2030-01-01T00:00:00")

    site.front.after = spoil
    result = await site.apply()
    failed = [o for o in result.outcomes if o.status is Status.FAILED]
    assert [(o.key, o.code, o.effect) for o in failed] == [("3", "not-as-written", "unknown")]


async def test_ctrl_c_finishes_the_call_in_flight_and_the_run_can_be_continued(site: Site) -> None:
    def interrupt(write: object) -> None:
        if len(site.front.writes) == 7:
            site.stop.set()

    site.front.after = interrupt
    result = await site.apply()
    assert result.cancelled and result.resume and result.counts == {"done": 7, "parked": 13}
    site.stop.clear()
    await site.apply()
    assert len(site.front.persons) == 20 and len(site.front.writes) == 20


async def test_a_lost_lease_sends_nothing_more(site: Site) -> None:
    def gone() -> None:
        raise Unauthorized("somebody else holds the state", code="lease-lost")

    site.before_send = gone
    result = await site.apply()
    assert site.front.writes == [] and {o.status for o in result.outcomes} == {Status.PARKED}
    assert (await site.plan(Wanted(allow=BOOTSTRAP))).plan.resources[0].owned == 0


async def test_a_resource_that_leaves_the_specs_is_forgotten_aloud(site: Site) -> None:
    site.doors["back"] = Door(serial="S2")
    await site.apply()
    del site.doors["back"]
    plan = (await site.plan()).plan
    assert plan.resources[-1].condition is Condition.ORPHANED and {c.action for c in plan.changes} == {Action.FORGET}
    await site.apply(bootstrap=False)
    assert (await site.plan()).plan.changes == ()


async def test_a_resource_that_leaves_the_specs_to_be_emptied_is_emptied_within_the_limits(site: Site) -> None:
    site.doors["back"] = Door(serial="S2")
    site.policies["back"] = {"whenRemovedFromSpec": "empty"}
    await site.apply()
    site.doors["back"].persons["900"] = there("900")
    site.departed["back"] = site.doors.pop("back")
    plan = (await site.plan()).plan
    assert [limit.flag for limit in plan.limits] == ["--allow revoke:Device/back=20"]
    await site.apply(await site.plan(Wanted(allow=frozenset({"revoke:Device/back=20"}))))
    assert set(site.departed["back"].persons) == {"900"}
    del site.departed["back"]
    assert (await site.plan()).plan.changes == ()


async def test_a_saved_plan_holds_no_card_number_and_finds_it_again_in_the_records(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="5551234"), record("2")]
    planned = await site.plan(Wanted(allow=BOOTSTRAP))
    async with site.world() as world:
        raw = encode(signed(planned.plan, world.keys))
        assert b"5551234" not in raw
        saved = admit(decode(raw, world.keys, "plan.json"), world)
    result = await site.apply(Planned(saved))
    assert result.counts == {"done": 3} and site.front.cards == {"5551234": "1"}


async def test_a_saved_plan_whose_records_changed_meanwhile_is_stale_there(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="5551234"), record("2")]
    planned = await site.plan(Wanted(allow=BOOTSTRAP))
    site.members.rows = [record("1", card="9999999"), record("2")]
    result = await site.apply(Planned(planned.plan))
    assert result.counts == {"done": 2, "stale": 1} and site.front.cards == {}
