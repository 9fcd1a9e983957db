"""Absence is not deletion: whatever happens to a source, nobody loses access for want of an answer, and the plan says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.engine.plans.planning import Wanted
from controller.model.change import Action, Condition, Plan, Verdict
from controller.model.errors import UsageError
from controller.model.outcome import Rollup
from controller.model.record import Record, Unreadable
from controller.sdk.errors import Incomplete, Nonsense, ProviderError, TimedOut, Unauthorized, Unreachable
from tests.memory import BARRED, Door, Register, Site, record

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    """Twenty members that came through the door, all of them ours."""
    site = Site(tmp_path)
    site.members.rows = [record(str(number)) for number in range(1, 21)]
    await site.apply()
    site.front.calls.clear()
    return site


async def plan(site: Site, *allow: str) -> Plan:
    return (await site.plan(Wanted(allow=frozenset(allow)))).plan


ERRORS = [
    Unreachable("no answer from the register", hint="is it up?"),
    TimedOut("no answer in time"),
    Unauthorized("the password is refused"),
    Nonsense("HTML came instead of the list"),
    Incomplete("the list ended early"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("after", [0, 7, 20], ids=["at once", "half-way", "at the very end"])
async def test_a_source_that_fails_stops_its_targets_and_changes_nothing(site: Site, error: ProviderError, after: int) -> None:
    site.members.error, site.members.fail_after = error, after
    site.members.rows = site.members.rows[:20]
    before = dict(site.front.persons)
    found = await plan(site)
    assert found.changes == () and found.resources[0].condition is Condition.PARKED
    assert f"source members could not be read: {error.message}" == found.resources[0].message
    assert found.resources[0].hint == error.hint and found.sources == {}
    result = await site.apply()
    assert site.front.persons == before and site.front.writes == []
    assert result.rollup is Rollup.FATAL and result.first_fatal.startswith("Device/front: source members")


async def test_the_door_is_not_even_asked_when_nobody_knows_what_it_should_hold(site: Site) -> None:
    site.members.fail_after = 0
    await plan(site)
    assert site.front.calls == []


async def test_one_failed_source_stops_only_the_doors_that_it_feeds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A door fed by two sources stops when either fails: what the other says is only half of the truth."""
    from controller.spec.resource import Mapped, Resource
    from tests import memory

    site.registers["guests"] = Register([record("500")], fail_after=0)
    site.doors["back"] = Door(serial="S2")
    plain = site._device

    def fed_by(name: str) -> Resource:
        device = plain(name)
        if name == "front":
            return device
        also = memory.People.model_validate({"from": "guests"})
        object.__setattr__(device, "mappings", (*device.mappings, Mapped("people", also, device.place)))
        return device

    monkeypatch.setattr(site, "_device", fed_by)
    found = await plan(site, "bootstrap")
    assert {r.address: r.condition for r in found.resources} == {
        "Device/front": Condition.COMPLETE,
        "Device/back": Condition.PARKED,
    }
    assert "source guests" in found.resources[1].message


async def test_a_source_that_is_suddenly_empty_deletes_nothing_and_names_the_flag(site: Site) -> None:
    site.members.rows = []
    found = await plan(site)
    assert found.changes == () and found.resources[0].condition is Condition.PARKED
    assert "is empty; it had 20 the last time" in found.resources[0].message
    assert "--allow source-empty:members" in found.resources[0].hint


async def test_a_source_that_is_empty_from_the_start_fills_nothing(tmp_path: Path) -> None:
    found = await plan(Site(tmp_path))
    assert found.resources[0].condition is Condition.PARKED and "members is empty:" in found.resources[0].message


async def test_an_empty_source_that_is_meant_still_meets_the_limits(site: Site) -> None:
    site.members.rows = []
    found = await plan(site, "source-empty:members")
    assert {c.action for c in found.changes} == {Action.BAR} and [limit.rule for limit in found.limits] == ["revoke"]
    allowed = await plan(site, "source-empty:members", "revoke:Device/front=20")
    assert len(allowed.changes) == 20 and allowed.limits == ()
    assert "source-empty:members" in allowed.allowances


async def test_allowing_another_source_to_be_empty_allows_nothing_here(site: Site) -> None:
    site.members.rows = []
    assert (await plan(site, "source-empty:guests")).resources[0].condition is Condition.PARKED


@pytest.mark.parametrize(("left", "held"), [(14, False), (13, True), (1, True)])
async def test_a_source_that_shrank_by_more_than_30_percent_removes_nobody_and_names_the_flag(
    site: Site, left: int, held: bool
) -> None:
    del site.members.rows[left:]
    found = await plan(site)
    removed = [change for change in found.changes if change.action is Action.BAR]
    assert len(removed) == (0 if held else 20 - left)
    shrunk = [notice for notice in found.notices if notice.code == "source-shrunk"]
    assert [notice.hint for notice in shrunk] == (
        ["if they really left: trueup plan --allow source-shrink:members"] if held else []
    )
    if held:
        assert shrunk[0].message.startswith(f"source members has {left} records, 20 the last time")
        assert len([notice for notice in found.notices if notice.code == "removal-held"]) == 20 - left


@pytest.mark.parametrize(
    ("had", "left", "held"), [(3, 2, False), (9, 6, False), (9, 5, True), (2, 1, False), (4, 1, True), (10, 6, True)]
)
async def test_of_a_handful_up_to_three_may_leave_but_not_most(tmp_path: Path, had: int, left: int, held: bool) -> None:
    site = Site(tmp_path)
    site.members.rows = [record(str(n)) for n in range(had)]
    await site.apply()
    del site.members.rows[left:]
    assert bool([notice for notice in (await plan(site)).notices if notice.code == "source-shrunk"]) is held


async def test_a_shrunk_source_still_grants_and_changes_what_it_names(site: Site) -> None:
    site.members.rows = [record("1", until="2027-12-31T23:59:59"), record("77")]
    result = await site.apply(bootstrap=False)
    assert result.counts == {"done": 2} and len(site.front.persons) == 21


async def test_a_shrunk_source_stays_shrunk_until_it_is_allowed_or_grows_back(site: Site) -> None:
    gone = site.members.rows[10:]
    del site.members.rows[10:]
    for _ in range(3):
        assert (await plan(site)).changes == ()
    assert len((await plan(site, "source-shrink:members")).changes) == 10
    site.members.rows += gone
    assert (await plan(site)).notices == ()


async def test_looking_at_a_plan_with_an_allowance_allows_nothing_later(site: Site) -> None:
    """A plan may be made to look; what it allowed must not become the new measure for everybody after it."""
    del site.members.rows[10:]
    await plan(site, "source-shrink:members")
    assert (await plan(site)).changes == ()


async def test_a_row_that_cannot_be_read_holds_whom_it_made(site: Site) -> None:
    site.members.rows[0] = Unreadable("1", "end-before-begin", "ends before it begins", "row 1")
    found = await plan(site)
    assert found.changes == () and [(n.verdict, n.code, n.place) for n in found.notices] == [
        (Verdict.REFUSED, "end-before-begin", "members: row 1")
    ]
    assert found.resources[0].held == 1


async def test_a_row_without_a_key_holds_everybody_this_source_made(site: Site) -> None:
    site.members.rows[0] = Unreadable(None, "no-key", "the column id is empty", "row 1")
    del site.members.rows[1]
    found = await plan(site)
    assert found.changes == ()
    assert {(n.code, n.key) for n in found.notices} == {("no-key", ""), ("removal-held", "1"), ("removal-held", "2")}


async def test_two_records_with_one_key_hold_it_whatever_they_say(site: Site) -> None:
    site.members.rows[1] = record("1", until="2027-12-31T23:59:59")
    found = await plan(site)
    assert [(n.code, n.key) for n in found.notices] == [("claimed-twice", "1")]
    assert "row 1 and members: row 1" in found.notices[0].message
    assert {c.key for c in found.changes} == {"2"}  # nobody names him any more; that is plain


async def test_three_records_with_one_key_hold_it_too(site: Site) -> None:
    site.members.rows += [record("1", until="2027-12-31T23:59:59"), record("1")]
    assert (await plan(site)).changes == ()


async def test_the_same_record_twice_is_one_wish(site: Site) -> None:
    site.members.rows.append(record("1"))
    found = await plan(site)
    assert (found.changes, found.notices) == ((), ())


async def test_a_missing_end_of_validity_leaves_who_is_there_as_he_is(site: Site) -> None:
    site.members.rows[0] = record("1", until="")
    site.members.rows.append(record("21", until=""))
    found = await plan(site)
    assert found.changes == () and {(n.code, n.key) for n in found.notices} == {
        ("validity-end-missing", "1"),
        ("validity-end-missing", "21"),
    }


async def test_a_filter_that_cannot_be_answered_neither_grants_nor_revokes(site: Site) -> None:
    site.where = {"active": True}
    site.members.rows = [record(str(number), active=True) for number in range(1, 21)]
    await site.apply(bootstrap=False)
    site.members.rows[0] = record("1")
    site.members.rows[1] = record("2", active="perhaps")
    site.members.rows[2] = record("3", active=False)
    site.members.rows.append(record("21"))
    found = await plan(site)
    assert [(c.action, c.key) for c in found.changes] == [(Action.BAR, "3")]
    assert {n.code for n in found.notices} == {"filter-unknown"} and len(found.notices) == 3


async def test_a_filter_under_not_that_cannot_be_answered_neither_grants_nor_revokes(site: Site) -> None:
    site.where = {"not": {"barred": True}}
    found = await plan(site)
    assert found.changes == () and {n.code for n in found.notices} == {"filter-unknown"}


Spoil = Callable[[Site], None]


def unreadable(site: Site) -> None:
    site.members.rows[0] = Unreadable("1", "end-before-begin", "ends before it begins", "row 1")


def without_end(site: Site) -> None:
    site.members.rows[0] = record("1", until="", card="4711")


def twice(site: Site) -> None:
    site.members.rows.append(record("1", until="2027-12-31T23:59:59", card="4711"))


def unclear(site: Site) -> None:
    site.where = {"active": True}
    site.members.rows = [record("1", card="4711"), *(record(row.key, active=True) for row in site.members.rows[1:] if row.key)]


@pytest.mark.parametrize("policy", ["delete", "expire", "keep"])
@pytest.mark.parametrize("spoil", [unreadable, without_end, twice, unclear])
async def test_who_is_held_keeps_access_and_card(tmp_path: Path, spoil: Spoil, policy: str) -> None:
    site = Site(tmp_path)
    site.manage, site.policies["front"] = ("person", "card"), {"onRemoval": policy}
    site.members.rows = [record("1", card="4711"), *(record(str(n)) for n in range(2, 8))]
    await site.apply()
    persons, cards = dict(site.front.persons), dict(site.front.cards)
    spoil(site)
    found = await plan(site)
    assert found.changes == () and found.notices
    await site.apply(bootstrap=False)
    assert (site.front.persons, site.front.cards) == (persons, cards)


async def test_who_was_held_and_then_leaves_for_good_is_removed(site: Site) -> None:
    site.members.rows[0] = Unreadable("1", "end-before-begin", "ends before it begins", "row 1")
    await site.apply(bootstrap=False)
    del site.members.rows[0]
    await site.apply(bootstrap=False)
    assert site.front.persons["1"][1] == BARRED


async def test_a_held_member_whom_somebody_removed_at_the_door_is_not_forgotten(site: Site) -> None:
    site.members.rows[0] = Unreadable("1", "end-before-begin", "ends before it begins", "row 1")
    del site.front.persons["1"]
    assert (await plan(site)).changes == ()
    site.members.rows[0] = record("1")
    [change] = (await plan(site)).changes
    assert (change.action, change.drift) == (Action.CREATE, True)


async def test_a_card_claimed_by_two_members_stays_with_whom_it_is(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="4711"), record("2")]
    await site.apply()
    site.members.rows = [record("1", card="4711"), record("2", card="4711")]
    found = await plan(site)
    assert found.changes == () and [(n.code, n.kind) for n in found.notices] == [("claimed-twice", "card")]
    assert site.front.cards == {"4711": "1"}


async def test_a_notice_about_a_card_that_two_members_claim_does_not_show_its_number(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.members.rows = [record("1", card="99887766"), record("2", card="99887766")]
    found = await plan(site, "bootstrap")
    assert found.notices and "99887766" not in repr(found)


async def test_a_plan_says_how_large_each_source_was(site: Site) -> None:
    assert (await plan(site)).sources == {"members": 20}


async def test_an_offline_plan_reads_files_and_leaves_the_network_alone(site: Site) -> None:
    offline = Wanted(offline=True)
    assert "needs the network" in (await site.plan(offline)).plan.resources[0].message
    site.members.network = False
    site.members.rows.append(record("21"))
    found = (await site.plan(offline)).plan
    assert [(c.action, c.key) for c in found.changes] == [(Action.CREATE, "21")] and site.front.calls == []


async def test_an_offline_plan_removes_nobody_for_a_record_that_is_held(site: Site) -> None:
    site.members.network = False
    site.members.rows[0] = Unreadable("1", "end-before-begin", "ends before it begins", "row 1")
    del site.members.rows[1]
    found = (await site.plan(Wanted(offline=True))).plan
    assert [(c.action, c.key) for c in found.changes] == [(Action.BAR, "2")]


async def test_an_offline_plan_from_a_shrunk_source_removes_nobody(site: Site) -> None:
    site.members.network = False
    del site.members.rows[5:]
    assert (await site.plan(Wanted(offline=True))).plan.changes == ()


async def test_rows_keep_their_place_in_the_plan(site: Site) -> None:
    site.members.rows[0] = record("1", until="2026-06-30T23:59:59")
    change = (await plan(site)).changes[0]
    assert change.provenance is not None
    assert change.provenance.spec == "doors.yaml:10" and str(change.provenance.records[0]) == "members: row 1"
    assert isinstance(site.members.rows[0], Record)


@pytest.mark.parametrize("left", [0, 5])
async def test_the_flag_that_is_named_is_one_that_the_command_line_takes(site: Site, left: int) -> None:
    from controller.cli.session import allowances_of

    del site.members.rows[left:]
    found = await plan(site)
    hints = [*(resource.hint for resource in found.resources), *(notice.hint for notice in found.notices)]
    flag = next(hint for hint in hints if "--allow" in hint).partition("--allow ")[2]
    allowed = await plan(site, *allowances_of(False, [flag]))
    assert len(allowed.changes) == 20 - left
    with pytest.raises(UsageError):
        allowances_of(False, [flag.partition(":")[0] + ":"])
