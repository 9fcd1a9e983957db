"""The contract of every source provider, over a real socket: whatever it answers, nobody is removed for want of an answer.

The people go through a door that is simulated too, because what a source is worth shows at a target only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from controller.contract.cases import PEOPLE, Person, SourceCase
from controller.contract.faults import BROKEN
from controller.contract.place import Place, closed_port, said_plainly, served
from controller.contract.terminal import Terminal
from controller.model.change import Action, Condition
from controller.model.outcome import Rollup

DOOR = Terminal()
WITHOUT_CARDS = "\n".join(line for line in DOOR.document.splitlines() if "card_no" not in line) + "\n"
MEMBERS = tuple(Person(person.id, person.name, person.until) for person in PEOPLE)
every_fault = pytest.mark.parametrize("fault", BROKEN)


@dataclass
class Site:
    place: Place
    case: SourceCase
    simulator: Any
    door: Any

    @property
    def there(self) -> dict[str, Person]:
        return {key: Person(key, person.name, person.until) for key, person in DOOR.people(self.door).items()}

    def change(self, *people: Person) -> None:
        self.case.change(self.simulator, people)


@asynccontextmanager
async def site(case: SourceCase, folder: Path, *, filled: bool = True) -> AsyncIterator[Site]:
    simulator, door = case.simulator(MEMBERS), DOOR.simulator()
    async with served(simulator, door) as [source, target]:
        place = Place(folder)
        place.declare(case.document.replace("URL", source), WITHOUT_CARDS.replace("URL", target))
        it = Site(place, case, simulator, door)
        if filled:
            await place.apply()
            assert it.there == {person.id: person for person in MEMBERS}
            simulator.faults.forget_calls()
            door.faults.forget_calls()
        yield it


class SourceContract:
    """Derive a class named ``Test...`` and give it the case."""

    case: ClassVar[SourceCase]
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_whoever_the_source_names_comes_through_the_door(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            plan = await it.place.plan()
            assert (plan.changes, plan.notices, plan.sources) == ((), (), {"people": 4})
            it.change(*MEMBERS[1:], Person("1009", "Ny Medlem", "2036-12-31"))
            assert (await it.place.apply()).rollup is Rollup.SUCCESS
            assert it.there.keys() == {"1002", "1003", "1004", "1009"}

    async def test_reading_a_source_changes_nothing_in_it(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            await it.place.apply()
            assert {call.method for call in it.simulator.faults.log} <= {"GET", "POST"}
            assert it.simulator.faults.writes == 0

    @every_fault
    async def test_a_source_that_cannot_be_read_stops_its_door_and_removes_nobody(self, tmp_path: Path, fault: str) -> None:
        if self.case.patient and fault == "no answer in time":
            pytest.skip("its time limit cannot be declared")
        async with site(self.case, tmp_path) as it:
            it.change(*MEMBERS[1:])
            BROKEN[fault](it.simulator.faults)
            plan = await it.place.plan()
            assert plan.changes == () and plan.resources[0].condition is Condition.PARKED
            assert plan.resources[0].message.startswith("source people could not be read: ")
            said_plainly(plan.resources[0].message)
            result = await it.place.apply()
            assert result.rollup is Rollup.FATAL and it.door.faults.writes == 0
            it.simulator.faults.clear()
            assert await it.place.all_well()
            await it.place.apply()
            assert it.there.keys() == {"1002", "1003", "1004"}

    async def test_a_source_that_has_nobody_all_at_once_removes_nobody(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.change()
            plan = await it.place.plan()
            assert plan.changes == () and plan.resources[0].condition is Condition.PARKED
            await it.place.apply()
            assert it.door.faults.writes == 0 and len(it.there) == 4

    async def test_a_wrong_password_is_tried_once(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.place.password = "not-the-password"
            plan = await it.place.plan()
            assert plan.changes == () and plan.resources[0].condition is Condition.PARKED
            assert self.case.failed_logins(it.simulator) == 1
            assert "not-the-password" not in repr(plan)
            said_plainly(plan.resources[0].message)

    async def test_a_source_that_asks_to_wait_is_asked_again_after_that_time(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.simulator.faults.throttle(19, times=1)
            assert (await it.place.plan()).sources == {"people": 4} and 19.0 in it.place.clock.slept

    async def test_a_source_that_asks_to_wait_for_an_hour_is_not_waited_for(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.simulator.faults.throttle(3600, None)
            plan = await it.place.plan()
            assert plan.resources[0].condition is Condition.PARKED and max(it.place.clock.slept, default=0) < 600

    async def test_a_source_that_is_off_is_said_in_words(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            specs = tmp_path / "specs" / "all.yaml"
            address = next(line for line in specs.read_text().splitlines() if "http://127.0.0.1" in line).split('"')[1]
            port = "http://127.0.0.1:" + address.split(":")[2].split("/")[0]
            specs.write_text(specs.read_text().replace(port, closed_port(), 1))
            plan = await it.place.plan()
            assert plan.changes == () and plan.resources[0].condition is Condition.PARKED and plan.resources[0].hint
            said_plainly(plan.resources[0].message)

    async def test_one_broken_answer_is_read_again_or_said(self, tmp_path: Path) -> None:
        """A connection that closes once is nobody's problem; in no case is somebody removed."""
        async with site(self.case, tmp_path) as it:
            for fault in (it.simulator.faults.close, it.simulator.faults.truncate, it.simulator.faults.lose_answer):
                it.simulator.faults.clear()
                fault(1)
                plan = await it.place.plan()
                assert plan.changes == ()

    async def test_an_end_that_is_before_the_beginning_or_missing_holds_this_person_alone(self, tmp_path: Path) -> None:
        async with site(self.case, tmp_path) as it:
            it.change(Person("1001", "Åsa Öberg", "2025-01-01"), Person("1002", "Zan Kovac", ""), *MEMBERS[2:])
            plan = await it.place.plan()
            assert [c.action for c in plan.changes if c.action is not Action.UPDATE] == []
            await it.place.apply()
            assert it.there["1002"] == MEMBERS[1] and it.there["1001"].until <= MEMBERS[0].until
