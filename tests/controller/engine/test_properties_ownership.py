"""What the random examples found once, told as single stories: what is not ours stays whose it is, on every way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.engine.plans.planning import Wanted
from controller.model.change import Action
from controller.model.period import Period
from controller.model.record import Unreadable
from controller.model.scope import Scope
from tests.memory import BARRED, Door, Site, record

pytestmark = pytest.mark.anyio

ALL = frozenset({"bootstrap", "revoke:Device/front=99", "grant:Device/front=99", "source-shrink:members"})
YEAR = Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def apply(site: Site) -> None:
    await site.apply(await site.plan(Wanted(allow=ALL)))


async def test_who_was_there_before_us_is_barred_and_never_deleted_later(site: Site) -> None:
    site.manage, site.policies["front"] = ("valid",), {"onRemoval": "delete"}
    site.members.rows = [record("1"), record("2")]
    site.front.persons = {"1": ("Åsa", YEAR, (1,)), "2": ("Bo", YEAR, (1,))}
    await apply(site)
    del site.members.rows[0]
    for _ in range(3):
        await apply(site)
    assert site.front.persons["1"] == ("Åsa", BARRED, (1,))
    assert (await site.plan()).plan.changes == ()


async def test_barring_who_was_there_before_us_writes_nothing_but_validity(site: Site) -> None:
    site.manage = ("valid",)
    site.members.rows = [record("1"), record("2")]
    site.front.persons = {"1": ("Åsa", YEAR, (1,)), "2": ("Bo", YEAR, (1,))}
    await apply(site)
    del site.members.rows[0]
    [change] = (await site.plan(Wanted(allow=ALL))).plan.changes
    assert (change.action, change.managed, change.only_existing) == (Action.BAR, ("valid",), True)


async def test_a_stranger_that_was_barred_is_not_deleted_once_only_our_own_are_pruned(site: Site) -> None:
    site.policies["front"] = {"prune": "all", "onRemoval": "expire"}
    site.members.rows = [record("1")]
    site.front.persons["900"] = ("Eve", YEAR, (1,))
    await apply(site)
    assert site.front.persons["900"][1] == BARRED
    site.policies["front"] = {"prune": "owned", "onRemoval": "delete"}
    await apply(site)
    assert site.front.persons["900"][1] == BARRED
    site.policies["front"] = {"prune": "all", "onRemoval": "delete"}
    await apply(site)
    assert "900" not in site.front.persons


async def test_a_member_s_card_is_not_given_to_a_stranger_under_the_same_key(site: Site) -> None:
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="4711-0815"), record("2", card="52")]
    site.front.persons["1"] = ("Eve", Period(), (1, 2))
    plan = (await site.plan(Wanted(allow=ALL))).plan
    assert {notice.code for notice in plan.notices} == {"not-ours", "subject-not-ours"}
    assert "4711-0815" not in repr(plan)
    await apply(site)
    assert site.front.cards == {"52": "2"}
    site.policies["front"] = {"adopt": "all"}
    await apply(site)
    assert site.front.cards == {"4711-0815": "1", "52": "2"} and site.front.persons["1"][0] == "Member 1"


async def test_a_stranger_s_own_card_is_not_taken_over_while_the_stranger_is_not(site: Site) -> None:
    site.manage, site.policies["front"] = ("person", "card"), {"adopt": "matching", "onRemoval": "delete"}
    site.members.rows = [record("1", card="51"), record("2")]
    site.front.persons["1"], site.front.cards = ("Eve", YEAR, (1,)), {"51": "1"}
    await apply(site)
    site.members.rows = [record("2")]
    await apply(site)
    assert site.front.cards == {"51": "1"} and site.front.persons["1"][0] == "Eve"


async def test_prune_all_spares_strangers_while_a_record_cannot_be_followed(site: Site) -> None:
    """Nobody can tell whether the record that is unclear means the one that is there."""
    site.policies["front"] = {"prune": "all", "onRemoval": "delete"}
    site.members.rows = [record("1"), record("2")]
    await apply(site)
    site.front.persons["900"] = ("Eve", YEAR, (1,))
    site.members.rows.append(Unreadable("900", "end-before-begin", "ends before it begins", "row 3"))
    plan = (await site.plan(Wanted(allow=ALL))).plan
    assert plan.changes == () and "row 3" in plan.notices[0].message
    site.members.rows.pop()
    await apply(site)
    assert "900" not in site.front.persons


async def test_no_card_is_planned_for_a_person_for_whom_there_is_no_room(site: Site) -> None:
    site.manage, site.front.capacity = ("person", "card"), 1
    site.members.rows = [record("1", card="51"), record("2", card="52")]
    plan = (await site.plan(Wanted(allow=ALL))).plan
    assert [(c.kind, c.subject or c.key) for c in plan.changes] == [("person", "1"), ("card", "1")]
    assert [(n.code, n.kind) for n in plan.notices] == [("full", "person"), ("full", "card")]


async def test_a_resource_that_left_the_specs_and_comes_back_asks_for_bootstrap_again(site: Site) -> None:
    site.members.rows = [record("1")]
    site.doors["back"] = door = Door(serial="S2")
    await apply(site)
    del site.doors["back"]
    await apply(site)
    site.doors["back"] = door
    plan = (await site.plan()).plan
    assert [n.code for n in plan.notices if n.resource == "Device/back"] == ["not-ours"]
    site.policies["back"] = {"adopt": "all"}
    assert [limit.rule for limit in (await site.plan()).plan.limits] == ["bootstrap"]


async def test_a_protection_outlives_its_spec_even_when_the_run_that_brought_it_never_ended(site: Site) -> None:
    class Killed(BaseException):
        pass

    def kill(call: str) -> None:
        raise Killed

    site.members.rows = [record("1"), record("2")]
    await apply(site)
    site.policies["front"] = {"neverRemove": ["person/1"], "onRemoval": "delete"}
    site.members.rows[1] = record("2", until="2026-06-30T23:59:59")
    planned = await site.plan(Wanted(allow=ALL))
    site.front.fail = kill
    with pytest.raises(Killed):
        await site.apply(planned)
    site.front.fail = lambda call: None
    site.policies["front"] = {"onRemoval": "delete"}
    del site.members.rows[0]
    await apply(site)
    assert "1" in site.front.persons


async def test_a_first_sync_that_was_refused_is_still_a_first_sync_whatever_was_selected(site: Site) -> None:
    site.members.rows = [record("1")]
    nobody = await site.plan(Wanted(Scope(targets=("Device/front:person/none",))))
    assert nobody.plan.changes == () and [limit.rule for limit in nobody.plan.limits] == ["bootstrap"]
    await site.apply(nobody)
    assert [limit.rule for limit in (await site.plan()).plan.limits] == ["bootstrap"]


async def test_an_administrator_that_is_no_longer_declared_can_be_let_go_of(site: Site) -> None:
    """Only our notes change; nothing is done to somebody untouchable."""
    site.members.rows = [record("1"), record("2")]
    await apply(site)
    site.front.administrators, site.policies["front"] = {"2"}, {"onRemoval": "keep"}
    before = dict(site.front.persons)
    del site.members.rows[1]
    await apply(site)
    assert site.front.persons == before and (await site.plan(Wanted(allow=ALL))).plan.changes == ()
