"""Selection by record: only what these records make, never more, and a slip of the pen is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from controller.engine.applying.subjects import by_subject
from controller.engine.plans.planning import Planned, Wanted
from controller.engine.standing import _whole
from controller.engine.wishes.gather import SourceRead
from controller.engine.wishes.picking import pick, wording
from controller.model.errors import UsageError
from controller.model.scope import Scope
from controller.sdk.errors import Unauthorized
from controller.sdk.provider import SourceProvider
from tests.memory import Door, Site, record

pytestmark = pytest.mark.anyio
BOOTSTRAP = frozenset({"bootstrap"})


def site_of(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.doors["gate"] = Door(serial="S-gate")
    site.members.rows = [record(str(n), card=f"10{n}") for n in range(1, 6)]
    return site


async def plan(site: Site, *records: str, where: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Planned:
    return await site.plan(Wanted(Scope(only=only, records=records, where=where), BOOTSTRAP))


def named(planned: Planned) -> set[tuple[str, str, str]]:
    return {(c.resource, c.kind, c.subject or c.key) for c in planned.plan.changes}


async def test_one_record_is_made_true_at_every_door_and_nobody_else_is_touched(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    planned = await plan(site, where=("members.id=2",))
    assert named(planned) == {(f"Device/{door}", kind, "2") for door in ("front", "gate") for kind in ("person", "card")}
    assert named(await plan(site, "members:2", "Source/members:2")) == named(planned)
    await site.apply(planned)
    assert set(site.front.persons) == set(site.doors["gate"].persons) == {"2"} and set(site.front.cards) == {"102"}


async def test_with_only_one_kind_is_written_and_what_it_waits_for_is_said(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    waiting = await plan(site, "members:2", only=("card",))
    assert waiting.plan.changes == () and {n.code for n in waiting.plan.notices} == {"waits-for-unselected"}
    await site.apply(await plan(site, "members:2", only=("person",)))
    assert named(await plan(site, "members:2", only=("card",))) == {("Device/front", "card", "2"), ("Device/gate", "card", "2")}


async def test_limits_are_counted_over_everything(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    await site.apply()
    site.where = {"until": "never"}
    planned = await plan(site, "members:2")
    assert {limit.resource for limit in planned.plan.limits} == {"Device/front", "Device/gate"}
    assert named(planned) == {(f"Device/{door}", kind, "2") for door in ("front", "gate") for kind in ("person", "card")}


async def test_who_left_the_source_is_taken_away_by_record_but_is_not_found_by_a_field(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    await site.apply()
    site.members.rows = [row for row in site.members.rows if row.key not in ("2", "3")]
    site.controller = site.controller.model_copy(update={"source_shrink": 1.0})
    assert {key for _, _, key in named(await plan(site, "members:2"))} == {"2"}
    with pytest.raises(UsageError, match=r"no record is meant by members.id=2 \(3 records read\)"):
        await plan(site, where=("members.id=2",))
    with pytest.raises(UsageError, match="members has no record 99"):
        await plan(site, "members:99")


async def test_a_record_whose_number_changed_takes_its_old_entry_along(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.manage = ("person",)
    await site.apply()
    old = site.members.rows[1]
    assert old.key == "2"
    site.members.rows[1] = record("2", id="22")
    assert named(await plan(site, "members:2")) >= {("Device/front", "person", "22"), ("Device/front", "person", "2")}


async def test_a_card_that_the_selected_record_has_now_moves_whole_and_its_old_owner_stays_else_as_he_is(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.members.rows = [record("1", card="500"), record("2")]
    await site.apply()
    site.members.rows = [record("1", until="2026-06-30T23:59:59"), record("2", card="500")]
    planned = await plan(site, "members:2")
    assert [(c.action.value, c.kind) for c in planned.plan.changes if c.resource == "Device/front"] == [
        ("delete", "card"), ("create", "card"),
    ]  # fmt: skip
    await site.apply(planned)
    assert site.front.cards == {"500": "2"} and site.front.persons["1"][1].end == "2026-12-31T23:59:59"


async def test_notices_are_about_the_selected_record_alone(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.members.rows += [record("8", until=""), record("9", until="")]
    planned = await plan(site, "members:8")
    assert {(s.subject, s.status.value) for s in by_subject((), planned.plan.notices)} == {("8", "skipped")}


async def test_conditions_must_all_hold_and_values_are_whole_values(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    planned = await plan(site, where=("members.id=2", "members.name= Member 2 "))
    assert {key for _, _, key in named(planned)} == {"2"}
    assert planned.plan.scope == ("--where members.id=2", "--where members.name=Member 2")
    for where in (("members.id=2", "members.name=Member 3"), ("members.name=Member",)):
        with pytest.raises(UsageError, match="no record is meant"):
            await plan(site, where=where)


async def test_a_selection_by_record_says_nothing_good_about_the_rest(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    assert not _whole((await plan(site, where=("members.id=2",))).plan)


async def test_a_source_that_cannot_be_read_parks_its_doors_as_ever(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.members.fail_after, site.members.error = 0, Unauthorized("refused")
    for planned in (await plan(site, "members:2"), await plan(site, where=("members.id=2",))):
        assert planned.plan.changes == () and {r.condition.value for r in planned.plan.resources} == {"parked"}


@pytest.mark.parametrize(
    ("records", "where", "said"),
    [
        (("members",), (), "names no record"),
        (("member:1",), (), "did you mean members?"),
        ((), ("id=1",), "SOURCE.FIELD=VALUE"),
        ((), ("members.id",), "SOURCE.FIELD=VALUE"),
        ((), ("members.id=",), "SOURCE.FIELD=VALUE"),
        ((), ("members.nme=1",), "did you mean members.name?"),
        ((), ("members.colour=red",), "the records of members have: id, name, until"),
        ((), ("things.id=1",), "there are: members"),
    ],
)
async def test_a_word_that_means_nothing_is_an_error(
    tmp_path: Path, records: tuple[str, ...], where: tuple[str, ...], said: str
) -> None:
    site = site_of(tmp_path)
    with pytest.raises(UsageError) as wrong:
        await plan(site, *records, where=where)
    assert said in f"{wrong.value.message} {wrong.value.hint}"
    assert site.front.calls == []


async def test_conditions_are_about_one_source_and_doors_that_do_not_draw_on_it_are_not_asked(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.registers["others"] = type(site.members)([record("1")])
    with pytest.raises(UsageError, match="about members and others at once"):
        await plan(site, where=("members.id=1", "others.id=1"))
    with pytest.raises(UsageError, match="nothing that is selected draws on others"):
        await plan(site, "others:1")
    assert site.front.calls == []


async def test_a_sensitive_value_is_compared_and_never_told(tmp_path: Path) -> None:
    specs = site_of(tmp_path).specs()
    source = specs.sources["members"]
    provider = replace(cast(SourceProvider, source.provider), sensitive=lambda config: frozenset({"name"}))
    others = tuple(resource for resource in specs.resources if resource is not source)
    hidden = replace(specs, resources=(replace(source, provider=provider), *others))
    asked = wording(hidden, Scope(where=("members.name=Member 2",)))
    assert asked.words() == ("--where members.name=***",)
    read = SourceRead("members", rows=[record("1"), record("2")], count=2)
    assert pick(asked, {"members": read}, frozenset()).records == {("members", "2")}
    with pytest.raises(UsageError) as wrong:
        pick(wording(hidden, Scope(where=("members.name=Member 9",))), {"members": read}, frozenset())
    assert "Member 9" not in f"{wrong.value.message} {wrong.value.hint}"
