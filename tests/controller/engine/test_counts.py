"""The counts in a plan's first lines: nobody is counted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.memory import Site, record

pytestmark = pytest.mark.anyio


async def test_who_is_there_and_cannot_be_judged_is_counted_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 6)]
    await site.apply()
    site.members.rows[0] = record("1", until="")
    plan = (await site.plan()).plan
    assert plan.changes == () and len(plan.notices) == 1
    assert (plan.resources[0].held, plan.resources[0].unchanged) == (1, 4)
