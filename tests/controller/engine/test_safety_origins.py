"""Whose word keeps somebody in: a record that nobody can read any more holds all that it stands behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.engine.planning import Wanted
from controller.model.change import Action
from controller.model.record import Unreadable
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
