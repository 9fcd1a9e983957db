"""How much one run may change, and how much a day may: counted before any selection, allowed only by name and number."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.engine.plans.limits import FEW, SMALL, Stock, allowed, counted, exceeded, is_allowed
from controller.engine.plans.planning import Planned, Wanted
from controller.model.change import Action, Change, FieldChange, Limit
from controller.model.entity import Effect
from controller.model.outcome import RunResult, Status
from controller.model.scope import Scope
from controller.sdk.errors import Done, TimedOut
from controller.sdk.provider import Write
from controller.spec.policy import Policy
from tests.memory import BARRED, Site, record

FRONT = "Device/front"


def change(action: Action, effect: Effect, *, fields: int = 1, number: int = 0) -> Change:
    return Change(
        f"{FRONT}#{number}", FRONT, "person", str(number), action, effect, "because",
        fields=tuple(FieldChange("name") for _ in range(fields)),
    )  # fmt: skip


def some(revokes: int = 0, grants: int = 0) -> list[Change]:
    return [change(Action.BAR, Effect.REVOKES, number=n) for n in range(revokes)] + [
        change(Action.CREATE, Effect.GRANTS, number=100 + n) for n in range(grants)
    ]


def found(changes: list[Change], *, existing: int, spent: dict[str, int] | None = None, **policy: Any) -> list[Limit]:
    return exceeded(FRONT, changes, Policy.model_validate(policy), Stock(existing, existing, True, spent or {}))


# -- counting ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "revokes", "grants"),
    [
        (change(Action.CREATE, Effect.GRANTS), 0, 1),
        (change(Action.UPDATE, Effect.GRANTS), 0, 1),
        (change(Action.UPDATE, Effect.NEUTRAL), 0, 1),  # a changed name is an update, and updates are limited too
        (change(Action.UPDATE, Effect.REVOKES), 1, 0),
        (change(Action.DELETE, Effect.REVOKES, fields=0), 1, 0),
        (change(Action.BAR, Effect.REVOKES), 1, 0),
        (change(Action.BAR, Effect.NEUTRAL, fields=0), 0, 0),  # expired by itself
        (change(Action.ADOPT, Effect.NEUTRAL, fields=0), 0, 0),  # our notes only
        (change(Action.ADOPT, Effect.GRANTS), 0, 1),
        (change(Action.FORGET, Effect.NEUTRAL, fields=0), 0, 0),
    ],
)
def test_what_counts_as_losing_access_and_what_as_granted_or_updated(one: Change, revokes: int, grants: int) -> None:
    assert counted([one]) == {Effect.REVOKES: revokes, Effect.GRANTS: grants}


@pytest.mark.parametrize(
    ("existing", "revokes", "grants"),
    [
        (0, 0, 3), (1, 0, 3), (2, 1, 3), (3, 2, 3), (4, 3, 3), (9, 3, 3),  # few: at most three, never all
        (10, 3, 3), (11, 3, 3), (13, 3, 3), (14, 4, 4), (100, 30, 30), (1000, 300, 300),
    ],
)  # fmt: skip
def test_30_percent_may_change_and_of_few_at_most_three_and_never_all(existing: int, revokes: int, grants: int) -> None:
    assert allowed(Effect.REVOKES, 0.3, existing) == revokes
    assert allowed(Effect.GRANTS, 0.3, existing) == grants


@pytest.mark.parametrize(
    ("existing", "count", "stopped"), [(10, 3, False), (10, 4, True), (9, 3, False), (9, 4, True), (2, 2, True)]
)
def test_more_than_the_share_is_stopped_with_the_flag_that_would_allow_it(existing: int, count: int, stopped: bool) -> None:
    limits = found(some(revokes=count), existing=existing)
    assert [limit.flag for limit in limits] == ([f"--allow revoke:{FRONT}={count}"] if stopped else [])
    if stopped:
        assert limits[0].message.startswith(f"{count} of {existing} entries would lose access in one run")


def test_both_directions_are_judged_on_their_own() -> None:
    assert [limit.rule for limit in found(some(4, 4), existing=10)] == ["revoke", "grant"]
    assert [limit.rule for limit in found(some(3, 4), existing=10)] == ["grant"]
    assert found(some(3, 3), existing=10) == []


def test_the_policy_may_say_more_or_less() -> None:
    assert found(some(revokes=10), existing=20, limits={"revoke": "50%"}) == []
    assert [limit.allowed for limit in found(some(revokes=2), existing=20, limits={"revoke": "5%"})] == [1]
    assert [limit.allowed for limit in found(some(revokes=1), existing=20, limits={"revoke": "0%"})] == [0]


def test_nothing_may_be_revoked_at_a_small_door_either_where_the_policy_says_nothing() -> None:
    assert [limit.allowed for limit in found(some(revokes=1), existing=9, limits={"revoke": "0%"})] == [0]
    assert [limit.allowed for limit in found(some(grants=1), existing=9, limits={"grant": "0%"})] == [0]


def test_the_first_sync_asks_for_bootstrap_and_its_grants_are_that_question() -> None:
    limits = exceeded(FRONT, some(grants=500), Policy(), Stock(0, 0, False, {}))
    assert [(limit.rule, limit.flag) for limit in limits] == [("bootstrap", "--bootstrap")]
    assert exceeded(FRONT, [], Policy(), Stock(40, 40, False, {})) == []


def test_the_first_sync_may_not_revoke_more_than_any_other() -> None:
    limits = exceeded(FRONT, some(revokes=5), Policy(), Stock(10, 10, False, {}))
    assert [limit.rule for limit in limits] == ["bootstrap", "revoke"]


@pytest.mark.parametrize(
    ("planned", "spent", "stopped"), [(2, 3, False), (3, 3, True), (1, 5, True), (0, 9, False)]
)  # nothing planned: what was spent stops nobody
def test_a_budget_counts_what_earlier_runs_did(planned: int, spent: int, stopped: bool) -> None:
    limits = found(some(revokes=planned), existing=100, spent={"revokes": spent}, budgets={"revoke": 5})
    assert [limit.flag for limit in limits] == ([f"--allow budget-revoke:{FRONT}={planned + spent}"] if stopped else [])


def test_budgets_of_grants_are_their_own() -> None:
    assert found(some(grants=3), existing=100, spent={"revokes": 50}, budgets={"grant": 5}) == []
    limits = found(some(grants=3), existing=100, spent={"grants": 3}, budgets={"grant": 5})
    assert [(limit.rule, limit.count, limit.allowed) for limit in limits] == [("budget-grant", 6, 5)]


LIMIT = Limit(FRONT, "revoke", 7, 3, 10, "", "")


@pytest.mark.parametrize(
    ("allowance", "covers"),
    [
        (f"revoke:{FRONT}=7", True), (f"revoke:{FRONT}=8", True), (f"revoke:{FRONT}=6", False),
        (f"grant:{FRONT}=7", False), ("revoke:Device/back=7", False), (f"revoke:{FRONT}", False), (f"revoke:{FRONT}=", False),
        (f"revoke:{FRONT}=-7", False), (f"revoke:{FRONT}=many", False), (f"revoke:{FRONT}=²", False),
        (f"revoke:{FRONT}={'9' * 5000}", False), ("bootstrap", False), ("", False), ("revoke:*=7", False),
    ],
)  # fmt: skip
def test_an_allowance_names_rule_resource_and_number(allowance: str, covers: bool) -> None:
    assert is_allowed(LIMIT, [allowance]) is covers


def test_bootstrap_is_allowed_for_all_or_for_one_resource_by_name() -> None:
    first = Limit(FRONT, "bootstrap", 7, 0, 10, "", "--bootstrap")
    assert is_allowed(first, ["bootstrap"]) and is_allowed(first, [f"bootstrap:{FRONT}=7"])
    assert not is_allowed(first, []) and not is_allowed(first, ["bootstrap:Device/back=7"])


def test_few_means_fewer_than_what_small_means() -> None:
    assert FEW < SMALL


# -- at a door ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    """Twenty members that came through the door two days ago."""
    site = Site(tmp_path)
    site.policies["front"] = {"limits": {"grant": "100%", "revoke": "30%"}}
    site.members.rows = [record(str(number)) for number in range(1, 21)]
    await site.apply()
    site.clock.time += timedelta(days=2)
    site.front.calls.clear()
    return site


async def plan(site: Site, *allow: str, scope: Scope | None = None) -> Planned:
    return await site.plan(Wanted(scope or Scope(), frozenset({"source-shrink:members", *allow})))


async def leave(site: Site, count: int, *allow: str) -> RunResult:
    """So many members go; what a run makes of it."""
    del site.members.rows[:count]
    return await site.apply(await plan(site, *allow))


pytestmark = pytest.mark.anyio


async def test_six_of_twenty_may_go_and_seven_may_not(site: Site) -> None:
    assert (await leave(site, 7)).counts == {"refused": 7}
    assert site.front.writes == [] and not any(person[1] == BARRED for person in site.front.persons.values())
    site.members.rows.insert(0, record("7"))
    assert (await leave(site, 0)).counts == {"done": 6}


async def test_a_refused_resource_says_why_with_every_change(site: Site) -> None:
    outcome = (await leave(site, 7)).outcomes[0]
    assert (outcome.status, outcome.code) == (Status.REFUSED, "limit")
    assert outcome.message == "7 of 20 entries would lose access in one run; at most 6 may"


async def test_what_is_allowed_stands_in_the_plan(site: Site) -> None:
    del site.members.rows[:7]
    planned = await plan(site, "revoke:Device/front=7")
    assert planned.plan.limits == () and "revoke:Device/front=7" in planned.plan.allowances
    assert (await site.apply(planned)).counts == {"done": 7}


async def test_one_more_than_allowed_is_not_allowed(site: Site) -> None:
    assert (await leave(site, 8, "revoke:Device/front=7")).counts == {"refused": 8}


async def test_limits_are_judged_before_the_selection(site: Site) -> None:
    """Otherwise a mass removal would pass in small bites."""
    del site.members.rows[:7]
    one = await plan(site, scope=Scope(targets=("Device/front:person/1",)))
    assert [c.key for c in one.plan.changes] == ["1"] and [limit.count for limit in one.plan.limits] == [7]
    assert (await site.apply(one)).counts == {"refused": 1}


async def test_one_resource_beyond_its_limits_stops_no_other(site: Site) -> None:
    from tests.memory import Door

    site.doors["back"] = Door(serial="S2")
    del site.members.rows[:7]
    result = await site.apply(await plan(site, "bootstrap"))
    assert result.counts == {"refused": 7, "done": 13} and len(site.doors["back"].persons) == 13


async def test_strangers_make_no_revoke_smaller(site: Site) -> None:
    """Two hundred strangers at a door must not let all of ours be barred at once."""
    site.front.persons |= {str(number): site.front.persons["1"] for number in range(900, 920)}
    assert (await leave(site, 13)).counts == {"refused": 13}


async def test_without_a_declared_budget_a_day_s_revokes_are_twice_a_run_s(site: Site) -> None:
    most = allowed(Effect.REVOKES, 0.3, len(site.front.persons))
    assert (await leave(site, most)).counts == {"done": most}
    assert (await leave(site, most)).counts == {"done": most}
    assert (await leave(site, 1)).counts == {"refused": 1}
    site.clock.time += timedelta(hours=25)
    assert (await site.apply(bootstrap=False)).counts == {"done": 1}


async def test_all_of_a_small_door_never_go_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.members.rows = [record("1"), record("2"), record("3")]
    await site.apply()
    site.members.rows = []
    planned = await plan(site, "source-empty:members")
    assert [(limit.count, limit.allowed, limit.of) for limit in planned.plan.limits] == [(3, 2, 3)]
    assert (await site.apply(planned)).counts == {"refused": 3}


async def test_a_day_s_budget_is_spent_by_several_runs(site: Site) -> None:
    site.policies["front"]["budgets"] = {"revoke": 4}
    assert (await leave(site, 3)).counts == {"done": 3}
    site.clock.time += timedelta(hours=23)
    assert (await leave(site, 2)).counts == {"refused": 2}
    refused = (await plan(site)).plan.limits
    assert [(limit.rule, limit.count, limit.allowed) for limit in refused] == [("budget-revoke", 5, 4)]
    assert (await leave(site, 0, "budget-revoke:Device/front=5")).counts == {"done": 2}


async def test_a_day_later_the_budget_is_whole_again(site: Site) -> None:
    site.policies["front"]["budgets"] = {"revoke": 3}
    await leave(site, 3)
    site.clock.time += timedelta(hours=24, seconds=1)
    assert (await leave(site, 3)).counts == {"done": 3}


async def test_renaming_spends_the_budget_that_it_is_counted_against(site: Site) -> None:
    site.policies["front"]["budgets"] = {"grant": 3}
    site.members.rows[:2] = [record("1", name="Åsa"), record("2", name="Bo")]
    assert (await leave(site, 0)).counts == {"done": 2}
    site.members.rows[:2] = [record("1", name="Åsa Ek"), record("2", name="Bo Ek")]
    assert [limit.rule for limit in (await plan(site)).plan.limits] == ["budget-grant"]


async def test_what_may_have_taken_effect_is_spent_too(site: Site) -> None:
    site.policies["front"]["budgets"] = {"revoke": 3}

    def lose(write: Write) -> None:
        site.front.fail = gone
        raise TimedOut("no answer in time", effect=Done.UNKNOWN)

    def gone(call: str) -> None:
        raise TimedOut("no answer in time")

    site.front.after = lose
    assert (await leave(site, 3)).counts["failed"] == 1
    site.front.fail, site.front.after = lambda call: None, lambda write: None
    limits = (await plan(site)).plan.limits
    assert [(limit.rule, limit.count) for limit in limits] in ([], [("budget-revoke", 3 + 1)])


async def test_two_saved_plans_do_not_spend_one_budget_twice(site: Site) -> None:
    """Each was within the budget when it was made; together they are not, and the second must not pass."""
    site.policies["front"]["budgets"] = {"revoke": 3}
    gone = site.members.rows[:2]
    del site.members.rows[:2]
    first = await plan(site)
    site.members.rows = gone + site.members.rows[2:]
    second = await plan(site)
    assert first.plan.limits == second.plan.limits == ()
    assert (await site.apply(first)).counts == {"done": 2}
    assert (await site.apply(second)).counts == {"refused": 2}


async def test_every_resource_has_a_budget_of_its_own(site: Site) -> None:
    from tests.memory import Door

    site.doors["back"] = Door(serial="S2")
    await site.apply()
    site.clock.time += timedelta(days=2)
    for name in ("front", "back"):
        site.policies[name] = {"limits": {"grant": "100%"}, "budgets": {"revoke": 3}}
    assert (await leave(site, 3)).counts == {"done": 6}
