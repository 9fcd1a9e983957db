"""The contract of every target provider, over a real socket. ``cases.py`` says how a provider joins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from controller import registry
from controller.model.change import Action, Condition
from controller.model.outcome import Rollup, RunResult, Status
from tests.contract.cases import PEOPLE, SOURCES, TARGETS, TargetCase
from tests.contract.faults import BROKEN
from tests.contract.place import PEOPLE_FILE, Place, closed_port, served

pytestmark = pytest.mark.anyio
every_target = pytest.mark.parametrize("case", TARGETS, ids=[type(case).__name__ for case in TARGETS])
every_fault = pytest.mark.parametrize("fault", BROKEN)
DECLARED = {person.id: person for person in PEOPLE}


@dataclass
class Site:
    place: Place
    case: TargetCase
    simulator: Any

    @property
    def there(self) -> dict[str, Any]:
        return self.case.people(self.simulator)


@asynccontextmanager
async def site(case: TargetCase, folder: Path) -> AsyncIterator[Site]:
    simulator = case.simulator()
    async with served(simulator) as [url]:
        place = Place(folder)
        place.declare(PEOPLE_FILE, case.document.replace("URL", url))
        place.people()
        yield Site(place, case, simulator)


def test_every_provider_of_this_repository_is_held_to_the_contract() -> None:
    assert {case.provider for case in TARGETS} | {case.provider for case in SOURCES} == set(registry.names())


@every_target
async def test_what_is_declared_comes_to_be_and_a_second_plan_is_empty(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        result = await it.place.apply()
        assert result.rollup is Rollup.SUCCESS and it.there == DECLARED
        plan = await it.place.plan()
        assert (plan.changes, plan.notices, plan.limits) == ((), (), ())


@every_target
async def test_a_plan_and_a_second_apply_write_nothing(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        await it.place.plan()
        assert it.simulator.faults.writes == 0
        await it.place.apply()
        it.simulator.faults.forget_calls()
        assert (await it.place.apply()).outcomes == () and it.simulator.faults.writes == 0


@every_target
async def test_every_declared_field_arrives_and_is_then_in_order(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        await it.place.apply()
        for name, value in case.fields.items():
            wanted = replace(it.there["1001"], **{name: value})
            it.place.people([wanted, *PEOPLE[1:]])
            assert (await it.place.plan()).changes, name
            assert (await it.place.apply()).rollup is Rollup.SUCCESS, name
            assert it.there == {**DECLARED, "1001": wanted}, name
            assert (await it.place.plan()).changes == (), name


@every_target
async def test_deleting_deletes_and_takes_nobody_else(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        case.fill(it.simulator, 5)
        strangers = it.there
        await it.place.apply()
        it.place.people(PEOPLE[1:])
        [*_, last] = (await it.place.plan()).changes
        assert last.action is Action.DELETE
        await it.place.apply()
        assert it.there == {**strangers, **{person.id: person for person in PEOPLE[1:]}}
        assert (await it.place.plan()).changes == ()


@every_target
async def test_somebody_at_the_target_is_drift_and_is_put_right(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        await it.place.apply()
        case.tamper(it.simulator, "1002")
        assert it.there != DECLARED
        assert [(c.key, c.drift) for c in (await it.place.plan()).changes] == [("1002", True)]
        await it.place.apply()
        assert it.there == DECLARED


@every_target
async def test_many_pages_are_read_to_the_end(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        case.fill(it.simulator, 137)
        await it.place.apply()
        plan = await it.place.plan()
        assert plan.changes == () and plan.resources[0].foreign == 137


@every_target
async def test_a_target_that_asks_to_wait_is_asked_again_after_that_time(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        it.simulator.faults.throttle(17, times=1)
        await it.place.plan()
        assert 17.0 in it.place.clock.slept
        planned = await it.place.planned()
        it.place.clock.slept.clear()
        it.simulator.faults.throttle(23, times=1, after=6)
        assert (await it.place.apply(planned)).rollup is Rollup.SUCCESS
        assert 23.0 in it.place.clock.slept and it.there == DECLARED


@every_target
async def test_a_wrong_password_is_tried_once_and_the_target_parked(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        it.place.password = "not-the-password"
        plan = await it.place.plan()
        assert plan.resources[0].condition is Condition.PARKED and plan.resources[0].message
        assert case.failed_logins(it.simulator) == 1
        result = await it.place.apply()
        assert result.outcomes == () and result.first_fatal and case.failed_logins(it.simulator) <= 2
        assert "not-the-password" not in repr((plan, result))


@every_target
async def test_a_password_that_changed_after_the_plan_is_tried_once(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        planned = await it.place.planned()
        it.place.password = "not-the-password"
        result = await it.place.apply(planned)
        assert {o.status for o in result.outcomes} == {Status.PARKED} and case.failed_logins(it.simulator) == 1
        assert it.there == {}


@every_target
async def test_a_target_that_is_off_is_parked_in_words(case: TargetCase, tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.declare(PEOPLE_FILE, case.document.replace("URL", closed_port()))
    place.people()
    plan = await place.plan()
    assert plan.resources[0].condition is Condition.PARKED and plan.resources[0].hint
    said_plainly(plan.resources[0].message)


@every_target
@every_fault
async def test_a_target_that_cannot_be_read_is_parked_and_loses_nobody(case: TargetCase, tmp_path: Path, fault: str) -> None:
    async with site(case, tmp_path) as it:
        await it.place.apply()
        it.place.people(PEOPLE[1:])
        it.simulator.faults.forget_calls()
        BROKEN[fault](it.simulator.faults)
        plan = await it.place.plan()
        assert plan.resources[0].condition is Condition.PARKED and plan.changes == ()
        said_plainly(plan.resources[0].message)
        result = await it.place.apply()
        assert result.rollup is Rollup.FATAL and it.there == DECLARED
        it.simulator.faults.clear()
        assert await it.place.all_well()
        assert (await it.place.apply()).rollup is Rollup.SUCCESS
        assert it.there.keys() == {"1002", "1003", "1004"}


@every_target
@every_fault
async def test_a_target_that_breaks_between_plan_and_apply_changes_nothing(case: TargetCase, tmp_path: Path, fault: str) -> None:
    async with site(case, tmp_path) as it:
        planned = await it.place.planned()
        BROKEN[fault](it.simulator.faults)
        result = await it.place.apply(planned)
        assert all(outcome.status in (Status.PARKED, Status.FAILED) and outcome.message for outcome in result.outcomes)
        said_plainly(result.first_fatal)
        assert result.resume and result.rollup is not Rollup.SUCCESS
        it.simulator.faults.clear()
        assert await it.place.all_well()
        assert (await it.place.settle()).changes == () and it.there == DECLARED


@every_target
@pytest.mark.parametrize("after", [4, 7, 10, 13])
@pytest.mark.parametrize("fault", ["half of every answer", "closed connections", "a server error", "no answer in time"])
async def test_a_target_that_breaks_half_way_is_finished_by_the_next_run(
    case: TargetCase, tmp_path: Path, fault: str, after: int
) -> None:
    async with site(case, tmp_path) as it:
        planned = await it.place.planned()
        for broken in breaks_after(it.simulator.faults, fault):
            broken.after = after
        result = await it.place.apply(planned)
        assert all(outcome.message for outcome in bad(result))
        assert all(person == DECLARED[key] or not person.card for key, person in it.there.items())
        it.simulator.faults.clear()
        assert await it.place.all_well()
        assert (await it.place.settle()).changes == () and it.there == DECLARED


@every_target
async def test_lost_answers_are_looked_up_and_nothing_is_written_twice(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as clean:
        await clean.place.apply()
        writes = clean.simulator.faults.writes
    again = tmp_path / "again"
    again.mkdir()
    async with site(case, again) as it:
        planned = await it.place.planned()
        for nth in (1, 2, 3):
            it.simulator.faults.lose_answer(1, after=5 * nth)
        await it.place.apply(planned)
        assert (await it.place.settle()).changes == () and it.there == DECLARED
        assert it.simulator.faults.writes == writes


@every_target
async def test_a_list_that_never_ends_is_left_and_never_taken_for_a_short_one(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it:
        await it.place.apply()
        case.fill(it.simulator, 40)
        it.place.people(PEOPLE[1:])
        case.endless(it.simulator)
        it.simulator.faults.forget_calls()
        [resource] = (await it.place.plan()).resources
        assert it.simulator.faults.calls < 100
        if resource.condition is Condition.PARKED:
            said_plainly(resource.message)
        else:  # it knows from elsewhere that it has seen them all
            assert (resource.actual - resource.owned, resource.foreign) == (40, 40)


@every_target
async def test_a_test_of_the_target_says_who_answers(case: TargetCase, tmp_path: Path) -> None:
    async with site(case, tmp_path) as it, it.place.open() as workspace:
        [answer] = await workspace.test([case.address])
        assert answer.ok and answer.facts.identity
        BROKEN["a web page instead of data"](it.simulator.faults)
        [answer] = await workspace.test([case.address])
        assert not answer.ok
        said_plainly(answer.message)


def breaks_after(faults: Any, fault: str) -> list[Any]:
    """Switch a fault on and return it, so that it can be told to begin later."""
    return [BROKEN[fault](faults)]


def bad(result: RunResult) -> list[Any]:
    return [o for o in result.outcomes if o.status not in (Status.DONE, Status.UNCHANGED)]


def said_plainly(message: str) -> None:
    """A sentence for people: no Python in it, no page of HTML."""
    assert message
    for word in ("Traceback", "Exception", "httpx", "object at 0x", "<html", "None", "Errno", "provider broke"):
        assert word not in message, message
