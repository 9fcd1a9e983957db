"""The contract of every target provider, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from controller.contract.cases import Person, TargetCase
from controller.contract.faults import BROKEN
from controller.contract.place import PEOPLE_FILE, Place, closed_port, said_plainly, served
from controller.model.change import Action, Condition
from controller.model.outcome import Rollup, RunResult, Status
from controller.model.scope import Scope

every_fault = pytest.mark.parametrize("fault", BROKEN)


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
        place.people(case.declared)
        yield Site(place, case, simulator)


class TargetContract:
    """Derive a class named ``Test...`` and give it the case."""

    case: ClassVar[TargetCase]
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @property
    def people(self) -> tuple[Person, ...]:
        return self.case.declared

    @property
    def declared(self) -> dict[str, Person]:
        return {person.id: person for person in self.people}

    async def test_what_is_declared_comes_to_be_and_a_second_plan_is_empty(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            result = await it.place.apply()
            assert result.rollup is Rollup.SUCCESS and it.there == self.declared
            plan = await it.place.plan()
            assert (plan.changes, plan.notices, plan.limits) == ((), (), ())

    async def test_a_plan_and_a_second_apply_write_nothing(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            await it.place.plan()
            assert it.simulator.faults.writes == 0
            await it.place.apply()
            it.simulator.faults.forget_calls()
            assert (await it.place.apply()).outcomes == () and it.simulator.faults.writes == 0

    async def test_every_declared_field_arrives_and_is_then_in_order(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            await it.place.apply()
            for name, value in self.case.fields.items():
                wanted = replace(it.there["1001"], **{name: value})
                it.place.people([wanted, *self.people[1:]])
                assert (await it.place.plan()).changes, name
                assert (await it.place.apply()).rollup is Rollup.SUCCESS, name
                assert it.there == {**self.declared, "1001": wanted}, name
                assert (await it.place.plan()).changes == (), name

    async def test_deleting_deletes_and_takes_nobody_else(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            self.case.fill(it.simulator, 5)
            strangers = it.there
            await it.place.apply()
            it.place.people(self.people[1:])
            [*_, last] = (await it.place.plan()).changes
            assert last.action is Action.DELETE
            await it.place.apply()
            assert it.there == {**strangers, **{person.id: person for person in self.people[1:]}}
            assert (await it.place.plan()).changes == ()

    async def test_somebody_at_the_target_is_drift_and_is_put_right(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            await it.place.apply()
            self.case.tamper(it.simulator, "1002")
            assert it.there != self.declared
            assert [(c.key, c.drift) for c in (await it.place.plan()).changes] == [("1002", True)]
            await it.place.apply()
            assert it.there == self.declared

    async def test_many_pages_are_read_to_the_end(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            self.case.fill(it.simulator, 137)
            await it.place.apply()
            plan = await it.place.plan()
            assert plan.changes == () and plan.resources[0].foreign == 137

    async def test_a_target_that_asks_to_wait_is_asked_again_after_that_time(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.simulator.faults.throttle(17, times=1)
            await it.place.plan()
            assert 17.0 in it.place.clock.slept
            planned = await it.place.planned()
            it.place.clock.slept.clear()
            it.simulator.faults.throttle(23, times=1, after=6)
            assert (await it.place.apply(planned)).rollup is Rollup.SUCCESS
            assert 23.0 in it.place.clock.slept and it.there == self.declared

    async def test_a_wrong_password_is_tried_once_and_the_target_parked(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.place.password = "not-the-password"
            plan = await it.place.plan()
            assert plan.resources[0].condition is Condition.PARKED and plan.resources[0].message
            assert self.case.failed_logins(it.simulator) == 1
            result = await it.place.apply()
            assert result.outcomes == () and result.first_fatal and self.case.failed_logins(it.simulator) <= 2
            assert "not-the-password" not in repr((plan, result))

    async def test_a_password_that_changed_after_the_plan_is_tried_once(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            planned = await it.place.planned()
            it.place.password = "not-the-password"
            result = await it.place.apply(planned)
            assert {o.status for o in result.outcomes} == {Status.PARKED} and self.case.failed_logins(it.simulator) == 1
            assert it.there == {}

    async def test_a_target_that_is_off_is_parked_in_words(self, tmp_path: Path) -> None:
        place = Place(tmp_path)
        place.declare(PEOPLE_FILE, self.case.document.replace("URL", closed_port()))
        place.people()
        plan = await place.plan()
        assert plan.resources[0].condition is Condition.PARKED and plan.resources[0].hint
        said_plainly(plan.resources[0].message)

    @every_fault
    async def test_a_target_that_cannot_be_read_is_parked_and_loses_nobody(self, tmp_path: Path, fault: str) -> None:
        async with site(self.case, tmp_path) as it:
            await it.place.apply()
            it.place.people(self.people[1:])
            it.simulator.faults.forget_calls()
            BROKEN[fault](it.simulator.faults)
            plan = await it.place.plan()
            assert plan.resources[0].condition is Condition.PARKED and plan.changes == ()
            said_plainly(plan.resources[0].message)
            result = await it.place.apply()
            assert result.rollup is Rollup.FATAL and it.there == self.declared
            it.simulator.faults.clear()
            assert await it.place.all_well()
            assert (await it.place.apply()).rollup is Rollup.SUCCESS
            assert it.there.keys() == {"1002", "1003", "1004"}

    @every_fault
    async def test_a_target_that_breaks_between_plan_and_apply_changes_nothing(self, tmp_path: Path, fault: str) -> None:
        async with site(self.case, tmp_path) as it:
            planned = await it.place.planned()
            BROKEN[fault](it.simulator.faults)
            result = await it.place.apply(planned)
            assert all(outcome.status in (Status.PARKED, Status.FAILED) and outcome.message for outcome in result.outcomes)
            said_plainly(result.first_fatal)
            assert result.resume and result.rollup is not Rollup.SUCCESS
            it.simulator.faults.clear()
            assert await it.place.all_well()
            assert (await it.place.settle()).changes == () and it.there == self.declared

    @pytest.mark.parametrize("after", [4, 7, 10, 13])
    @pytest.mark.parametrize("fault", ["half of every answer", "closed connections", "a server error", "no answer in time"])
    async def test_a_target_that_breaks_half_way_is_finished_by_the_next_run(self, tmp_path: Path, fault: str, after: int) -> None:
        async with site(self.case, tmp_path) as it:
            planned = await it.place.planned()
            for broken in breaks_after(it.simulator.faults, fault):
                broken.after = after
            result = await it.place.apply(planned)
            assert all(outcome.message for outcome in bad(result))
            assert all(person == self.declared[key] or not person.card for key, person in it.there.items())
            it.simulator.faults.clear()
            assert await it.place.all_well()
            assert (await it.place.settle()).changes == () and it.there == self.declared

    async def test_lost_answers_are_looked_up_and_nothing_is_written_twice(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as clean:
            await clean.place.apply()
            writes = clean.simulator.faults.writes
        again = tmp_path / "again"
        again.mkdir()
        async with site(self.case, again) as it:
            planned = await it.place.planned()
            for nth in (1, 2, 3):
                it.simulator.faults.lose_answer(1, after=5 * nth)
            await it.place.apply(planned)
            assert (await it.place.settle()).changes == () and it.there == self.declared
            assert it.simulator.faults.writes == writes

    async def test_a_list_that_never_ends_is_left_and_never_taken_for_a_short_one(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            await it.place.apply()
            self.case.fill(it.simulator, 40)
            it.place.people(self.people[1:])
            self.case.endless(it.simulator)
            it.simulator.faults.forget_calls()
            [resource] = (await it.place.plan()).resources
            assert it.simulator.faults.calls < 100
            if resource.condition is Condition.PARKED:
                said_plainly(resource.message)
            else:  # it knows from elsewhere that it has seen them all
                assert (resource.actual - resource.owned, resource.foreign) == (40, 40)

    async def test_a_test_of_the_target_says_who_answers(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it, it.place.open() as workspace:
            [answer] = await workspace.test(Scope(targets=(self.case.address,)))
            assert answer.ok and answer.facts.identity
            BROKEN["a web page instead of data"](it.simulator.faults)
            [answer] = await workspace.test(Scope(targets=(self.case.address,)))
            assert not answer.ok
            said_plainly(answer.message)


def breaks_after(faults: Any, fault: str) -> list[Any]:
    """Switch a fault on and return it, so that it can be told to begin later."""
    return [BROKEN[fault](faults)]


def bad(result: RunResult) -> list[Any]:
    return [o for o in result.outcomes if o.status not in (Status.DONE, Status.UNCHANGED)]
