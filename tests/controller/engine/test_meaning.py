"""The digest of what a plan would do: the same as long as the same would be done, another as soon as anything else would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from controller.engine.plans.planfile import encode, peek, signed
from controller.engine.plans.planning import Wanted
from controller.engine.review.meaning import digest_of, must_be_reviewed
from controller.model.change import Action, Change, FieldChange, Limit, Plan
from controller.model.errors import PlanRejected, UsageError
from tests.memory import Site, record

pytestmark = pytest.mark.anyio


async def planned(tmp_path: Path, *keys: str) -> tuple[Site, Plan]:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.members.rows = [record(key, card=f"77{key}") for key in keys]
    return site, (await site.plan(Wanted(allow=frozenset({"bootstrap"})))).plan


async def test_planning_again_gives_the_same_digest_at_another_time(tmp_path: Path) -> None:
    site, plan = await planned(tmp_path, "1", "2")
    site.clock.time = site.clock.time.replace(day=2)
    again = (await site.plan(Wanted(allow=frozenset({"bootstrap"})))).plan
    assert (plan.id != again.id, plan.made != again.made) == (True, True)
    assert digest_of(plan) == digest_of(again)
    site.members.rows.append(record("3"))
    assert digest_of((await site.plan(Wanted(allow=frozenset({"bootstrap"})))).plan) != digest_of(plan)


async def test_a_plan_read_from_a_file_has_the_digest_that_it_was_shown_with(tmp_path: Path) -> None:
    site, plan = await planned(tmp_path, "1", "2")
    assert digest_of(peek(encode(signed(plan, site.keys)), "plan.json")) == digest_of(plan)
    document = msgspec.json.encode({"format": 1, "summary": {}, "plan": plan})
    assert digest_of(peek(document, "output.json")) == digest_of(plan)


def replaced(plan: Plan, **more: Any) -> Plan:
    return msgspec.structs.replace(plan, **more)


def altered(plan: Plan, **more: Any) -> Plan:
    return replaced(plan, changes=(msgspec.structs.replace(plan.changes[0], **more), *plan.changes[1:]))


async def test_the_digest_is_about_what_would_be_done_and_nothing_else(tmp_path: Path) -> None:
    _, plan = await planned(tmp_path, "1", "2")
    limit = Limit("Device/front", "revoke", 3, 1, 9, "too many", "--allow x")
    target = msgspec.structs.replace(plan.resources[0], identity="S2")
    same = [replaced(plan, id="x", made="y", expires="z", signature="s", changes=plan.changes[::-1], version="9", spec="other")]
    others = [
        altered(plan, action=Action.DELETE), altered(plan, before="x"), altered(plan, fingerprint="x"), altered(plan, label="x"),
        altered(plan, fields=(FieldChange("name", was="a", becomes="b"),)), replaced(plan, changes=plan.changes[:-1]),
        replaced(plan, limits=(limit,)), replaced(plan, resources=(target,)), replaced(plan, offline=True),
        replaced(plan, allowances=()),
    ]  # fmt: skip
    assert {digest_of(p) for p in same} == {digest_of(plan)}
    assert len({digest_of(p) for p in others} - {digest_of(plan)}) == len(others)


async def test_edges_count_by_what_they_lead_to_and_not_by_number(tmp_path: Path) -> None:
    _, plan = await planned(tmp_path, "1")
    renamed = {change.id: f"n{number}" for number, change in enumerate(plan.changes)}

    def with_ids(change: Change) -> Change:
        return msgspec.structs.replace(change, id=renamed[change.id], after=tuple(renamed[need] for need in change.after))

    assert any(change.after for change in plan.changes)
    assert digest_of(replaced(plan, changes=tuple(map(with_ids, plan.changes)))) == digest_of(plan)
    loose = tuple(msgspec.structs.replace(change, after=()) for change in plan.changes)
    assert digest_of(replaced(plan, changes=loose)) != digest_of(plan)


async def test_what_was_reviewed_is_held_against_what_would_be_applied(tmp_path: Path) -> None:
    _, plan = await planned(tmp_path, "1")
    must_be_reviewed(plan, digest_of(plan))
    must_be_reviewed(plan, f" {digest_of(plan).removeprefix('sha256:').upper()} ")
    with pytest.raises(PlanRejected, match="not what was reviewed"):
        must_be_reviewed(plan, "0" * 64)
    for word in ("", "sha256:12", digest_of(plan)[:20], "md5:" + "0" * 64):
        with pytest.raises(UsageError, match="is not a digest"):
            must_be_reviewed(plan, word)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"format": 9}', b'{"plan": {"format": 1}}', b'{"format": 1, "id": 3}'])
def test_what_is_no_plan_is_not_looked_at(raw: bytes) -> None:
    with pytest.raises(PlanRejected):
        peek(raw, "x.json")
