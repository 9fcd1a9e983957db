"""Who may be touched and who is held: the rules where two of them meet."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from controller.engine.plans.planning import Wanted
from controller.model.change import Action, Condition, Verdict
from controller.model.period import Period
from controller.model.scope import Scope
from tests import memory
from tests.memory import Site, record

pytestmark = pytest.mark.anyio

ALL = Wanted(allow=frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99"}))
YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 6)]
    return site


async def test_a_device_that_hides_its_serial_number_is_not_taken_for_the_one_that_was_met(site: Site) -> None:
    await site.apply()
    site.front.serial = ""
    site.members.rows.append(record("4"))
    plan = (await site.plan()).plan
    assert plan.resources[0].condition is Condition.PARKED and plan.changes == ()


async def test_the_second_name_of_a_device_is_refused_when_it_is_selected_alone(site: Site) -> None:
    await site.apply()
    site.doors["back"] = site.front
    [back] = (await site.plan(Wanted(Scope(targets=("Device/back",))))).plan.resources
    assert back.condition is Condition.PARKED and "Device/front" in back.message


async def test_who_cannot_be_barred_because_his_validity_is_ignored_is_told_and_not_called_barred(site: Site) -> None:
    await site.apply()
    site.policies["front"] = {"ignore": ["valid"]}
    del site.members.rows[0]
    plan = (await site.plan(ALL)).plan
    assert plan.changes == () and [(n.code, n.key) for n in plan.notices] == [("bar-ignored", "1")]


async def test_somebody_new_gets_his_validity_also_where_it_is_ignored_later(site: Site) -> None:
    site.policies["front"] = {"ignore": ["valid"]}
    await site.apply()
    assert site.front.persons["1"] == ("Member 1", YEAR, (1,))
    site.members.rows[0] = record("1", until="2037-12-31T23:59:59")
    assert (await site.plan()).plan.changes == ()


async def test_adopt_matching_compares_identity_also_where_the_field_has_a_title(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = msgspec.structs.replace(memory.PERSON.fields[0], title="the name")
    monkeypatch.setattr(memory, "PERSON", msgspec.structs.replace(memory.PERSON, fields=(name, *memory.PERSON.fields[1:])))
    site.policies["front"] = {"adopt": "matching"}
    site.front.persons["1"] = ("Eve", YEAR, (1,))
    plan = (await site.plan(ALL)).plan
    assert "1" not in {c.key for c in plan.changes}
    assert [n.message for n in plan.notices if n.verdict is Verdict.FOREIGN and "the name" in n.message]


async def test_the_card_of_somebody_who_is_held_is_not_given_to_somebody_else(site: Site) -> None:
    site.manage, site.where = ("person", "card"), {"active": True}
    site.members.rows = [record("1", card="771", active=True), record("2", active=True)]
    await site.apply()
    site.members.rows = [record("1", card="771"), record("2", card="771", active=True)]  # nobody knows whether 1 is active
    plan = (await site.plan(ALL)).plan
    assert plan.changes == () and "removal-held" in {n.code for n in plan.notices}


async def test_a_card_still_moves_when_both_records_are_clear(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="771"), record("2")]
    await site.apply()
    site.members.rows = [record("1"), record("2", card="771")]
    await site.apply(await site.plan(ALL))
    assert site.front.cards == {"771": "2"}


async def test_what_is_only_kept_true_is_never_replaced(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = msgspec.structs.replace(memory.PERSON.fields[1], immutable=True)
    fields = (memory.PERSON.fields[0], fixed, memory.PERSON.fields[2])
    monkeypatch.setattr(memory, "PERSON", msgspec.structs.replace(memory.PERSON, fields=fields))
    site.manage = ("valid",)
    site.front.persons["1"] = ("Åsa", Period("2026-01-01T00:00:00", "2026-03-01T23:59:59"), (1,))
    plan = (await site.plan(ALL)).plan
    assert plan.changes == () and ("needs-replacing", "1") in {(n.code, n.key) for n in plan.notices}


@pytest.mark.parametrize("removal", ["delete", "expire"])
async def test_no_card_number_stands_in_a_plan_that_removes_the_card(site: Site, removal: str) -> None:
    site.manage, site.policies["front"] = ("person", "card"), {"onRemoval": removal}
    site.members.rows = [record("1", card="7712345"), record("2")]
    await site.apply()
    site.members.rows = [record("1"), record("2")]
    planned = await site.plan(ALL)
    assert [c.action for c in planned.plan.changes] == [Action.DELETE] and "7712345" not in repr(planned.plan)
    assert "7712345" not in repr(await site.apply(planned))


async def test_selecting_nothing_does_not_answer_what_the_first_sync_asks(site: Site) -> None:
    nothing = Wanted(Scope(targets=("Device/front:person/none",)))
    await site.apply(await site.plan(nothing))
    assert [limit.rule for limit in (await site.plan()).plan.limits] == ["bootstrap"]


async def test_where_everybody_is_a_stranger_the_first_sync_is_still_to_come(site: Site) -> None:
    site.front.persons = {key: (f"Member {key}", YEAR, (1,)) for key in "12345"}
    await site.apply(await site.plan())
    site.policies["front"] = {"adopt": "all"}
    assert [limit.rule for limit in (await site.plan()).plan.limits] == ["bootstrap"]


async def conditions(site: Site) -> dict[str, str]:
    async with site.world() as world:
        return {c.type: c.status for c in await world.state.conditions.of("Device/front")}


async def test_a_part_that_went_well_does_not_make_the_whole_synced(site: Site) -> None:
    await site.apply()
    site.front.persons["3"] = ("Member 3", Period("2026-01-01T00:00:00", "2037-12-31T23:59:59"), (1,))
    await site.plan()
    await site.apply(await site.plan(Wanted(Scope(targets=("Device/front:person/1",)))))
    assert (await conditions(site))["Drifted"] == "True"


async def test_an_administrator_since_the_plan_is_left_alone(site: Site) -> None:
    await site.apply()
    site.members.rows[0] = record("1", until="2026-06-30T23:59:59")
    planned = await site.plan(ALL)
    site.front.shows = lambda actual: msgspec.structs.replace(actual, guard="is an administrator") if actual.key == "1" else actual
    result = await site.apply(planned)
    assert result.counts == {"stale": 1} and site.front.persons["1"][1] == YEAR


async def test_who_came_back_since_the_plan_is_not_forgotten(site: Site) -> None:
    await site.apply()
    del site.members.rows[0]
    there = site.front.persons.pop("1")
    planned = await site.plan(ALL)
    assert [(c.action, c.key) for c in planned.plan.changes] == [(Action.FORGET, "1")]
    site.front.persons["1"] = there
    assert (await site.apply(planned)).counts == {"stale": 1}
    await site.apply(await site.plan(ALL))
    assert site.front.persons["1"][1] == memory.BARRED


async def test_who_is_kept_is_forgotten_where_he_stands(site: Site) -> None:
    site.policies["front"] = {"onRemoval": "keep"}
    await site.apply()
    del site.members.rows[0]
    assert (await site.apply(await site.plan(ALL))).counts == {"done": 1}
    assert site.front.persons["1"][1] == YEAR and (await site.plan()).plan.resources[0].owned == 4


async def test_who_is_never_removed_keeps_the_card_that_he_enters_with(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.policies["front"] = {"neverRemove": ["person/1"], "onRemoval": "delete"}
    site.members.rows = [record(str(n), card=f"55{n}") for n in range(1, 6)]
    await site.apply()
    site.members.rows = site.members.rows[1:]
    await site.apply(bootstrap=False)
    assert "1" in site.front.persons and site.front.cards["551"] == "1"


async def test_a_device_that_was_exchanged_as_declared_begins_anew(site: Site) -> None:
    """What stands on the new device under our keys was made by somebody else, whatever we knew of the old one."""
    await site.apply()
    site.front.serial = "NEW"
    site.front.persons = {"1": ("Somebody Else", Period("", ""), (1,))}
    site.declared_serial = "NEW"
    plan = (await site.plan()).plan
    assert [limit.rule for limit in plan.limits] == ["bootstrap"]
    assert [(n.code, n.key) for n in plan.notices] == [("not-ours", "1")] and not any(c.drift for c in plan.changes)
    await site.apply()
    assert site.front.persons["1"][0] == "Somebody Else"
    assert (await site.plan()).plan.limits == ()


async def test_a_device_that_does_not_tell_the_time_is_parked_unless_that_is_accepted(site: Site) -> None:
    site.front.offset, site.keeps_time = None, True
    plan = (await site.plan()).plan
    assert plan.resources[0].condition is Condition.PARKED and "does not tell the time" in plan.resources[0].message
    site.policies["front"] = {"unknownClock": "accept"}
    assert (await site.plan()).plan.resources[0].condition is Condition.COMPLETE
