"""Persons found by a custom field of the terminal (PersonInfoExtends) instead of the employee number, by the whole program.

The club: Anna, Bo and Cilla are at the door under numbers that the register does not know; each has an e-mail address there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from controller.engine.why.asking import Question, why
from controller.model.address import Address
from controller.model.change import Action, Condition, Notice, Plan
from controller.model.outcome import RunResult
from controller.runtime.workspace import Options, Workspace, open_workspace
from controller.sdk import SystemClock
from controller.sdk.loopback import serve
from providers.hikvision.simulator import PROFILES, Profile, Terminal

pytestmark = pytest.mark.anyio

OLD = {"enable": True, "beginTime": "2025-01-01T00:00:00", "endTime": "2025-12-31T23:59:59", "timeType": "local"}
FIRST_SYNC = frozenset({"bootstrap"})
END = "2026-12-31T23:59:59"
SPEC = """
apiVersion: trueup/v1
kind: Controller
metadata: {{name: main}}
spec: {{timezone: Europe/Stockholm}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: members}}
spec:
  provider: json
  config:
    path: ../members.json
    record: person
    key: id
    map:
      id: id
      full_name: name
      number: {{column: number, optional: true}}
      email: {{column: email, optional: true}}
---
apiVersion: trueup/v1
kind: Device
metadata: {{name: door}}
spec:
  provider: hikvision
  config: {{url: {url}, username: admin, password: {{env: DOOR_PASSWORD}}, {config}}}
  people:
    - from: members
      extended: "{{email}}"
      valid: {{from: "2026-01-01", until: "2026-12-31"}}
      {people}
  policy: {{pace: 0, adopt: matching, onRemoval: {removal}, limits: {{revoke: 100%, grant: 100%}}}}
"""
VALID = "findBy: extended\n      manage: [valid]"
ANY_CASE = "findBy: {field: extended, case: ignore}\n      manage: [valid]"
WHOLE = 'findBy: extended\n      key: "{number}"\n      name: "{full_name}"\n      doors: [{door: 1, plan: 1}]'


class QuickClock(SystemClock):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0 if seconds < 10 else seconds)


def member(id: str, name: str, email: str | None = None, number: str | None = None) -> dict[str, Any]:
    return {"id": id, "name": name, "email": email if email is not None else f"{name.split()[0].lower()}@x.se", "number": number}


@dataclass
class Stage:
    terminal: Terminal
    workspace: Workspace
    file: Path
    rows: list[dict[str, Any]] = field(default_factory=list)

    def save(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows) or self.rows
        self.file.write_text(json.dumps(self.rows), encoding="utf-8")

    async def plan(self, allow: frozenset[str] = frozenset()) -> Plan:
        plan = (await self.workspace.plan(allow=allow)).plan
        assert "@x.se" not in str(plan.notices) + str(plan.changes).lower()  # an e-mail address is nobody's business
        return plan

    async def sync(self) -> RunResult:
        return await self.workspace.apply(await self.workspace.plan(allow=FIRST_SYNC))

    async def must_be_in_sync(self) -> None:
        plan = await self.plan()
        assert (plan.resources[0].condition, plan.changes) == (Condition.COMPLETE, ()), plan.resources[0].message

    def ends(self) -> dict[str, str]:
        return {key: person["Valid"]["endTime"] for key, person in self.terminal.persons.items()}

    def values(self) -> dict[str, str]:
        return {key: person["PersonInfoExtends"][0]["value"] for key, person in self.terminal.persons.items()}

    def write_at_the_door(self, key: str, value: str) -> None:
        self.terminal.edit_at_the_door(key, PersonInfoExtends=[{"value": value}])


Staged = Callable[..., AbstractAsyncContextManager[Stage]]


def only(plan: Plan, code: str) -> list[Notice]:
    return [notice for notice in plan.notices if notice.code == code]


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    @asynccontextmanager
    async def staging(
        people: str = VALID,
        *,
        terminal: Terminal | None = None,
        config: str = "extendedField: {position: 1}",
        removal: str = "expire",
    ) -> AsyncIterator[Stage]:
        terminal = terminal or Terminal()
        for number, name in (("71", "Anna Ek"), ("72", "Bo Alm"), ("73", "Cilla By")):
            terminal.add_person(number, name, Valid=OLD)
        (tmp_path / "specs").mkdir()
        options = Options((tmp_path / "specs",), tmp_path / ".trueup", None, {"DOOR_PASSWORD": "Door-12345"}, QuickClock())
        async with serve(terminal.app) as served:
            text = SPEC.format(url=served.url, config=config, people=people, removal=removal)
            (tmp_path / "specs" / "door.yaml").write_text(text, encoding="utf-8")
            async with open_workspace(options, write=True) as workspace:
                stage = Stage(terminal, workspace, tmp_path / "members.json")
                if terminal.device.extends == 1:
                    for number, value in (("71", "anna@x.se"), ("72", "bo@x.se"), ("73", "cilla@x.se")):
                        stage.write_at_the_door(number, value)
                stage.save(member("m1", "Anna Ek"), member("m2", "Bo Alm"))
                yield stage

    return staging


# -- only the validity of who is there


async def test_validity_reaches_persons_whose_number_the_register_does_not_know(staged: Staged) -> None:
    async with staged() as stage:
        assert {outcome.status for outcome in (await stage.sync()).outcomes} == {"done"}
        assert stage.ends() == {"71": END, "72": END, "73": OLD["endTime"]}
        assert stage.values() == {"71": "anna@x.se", "72": "bo@x.se", "73": "cilla@x.se"}
        await stage.must_be_in_sync()


async def test_who_is_not_at_the_terminal_is_told_and_nobody_is_made(staged: Staged) -> None:
    async with staged() as stage:
        stage.save(*stage.rows, member("m9", "Doris Dal"))
        plan = await stage.plan(FIRST_SYNC)
        [notice] = only(plan, "not-there")
        assert "no person at the target has the extended field of this record" in notice.message and notice.hint
        assert notice.label == "Doris Dal" and notice.place.startswith("members: ")
        await stage.sync()
        assert len(stage.terminal.persons) == 3


async def test_two_persons_with_one_value_are_a_refusal_and_no_guess(staged: Staged) -> None:
    async with staged() as stage:
        stage.write_at_the_door("73", "anna@x.se")
        plan = await stage.plan(FIRST_SYNC)
        [notice] = only(plan, "found-several")
        assert "person 71 (Anna Ek) and person 73 (Cilla By) have its extended field" in notice.message
        assert [change.key for change in plan.changes] == ["72"]


async def test_two_records_with_one_value_are_refused_and_what_they_had_stays(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.save(*stage.rows, member("m3", "Alva Ek", "anna@x.se"))
        plan = await stage.plan()
        assert len(only(plan, "same-value")) == 2 and plan.changes == ()
        await stage.sync()
        assert stage.ends()["71"] == END


async def test_an_empty_value_finds_nobody(staged: Staged) -> None:
    async with staged() as stage:
        stage.write_at_the_door("73", "")
        stage.save(*stage.rows, member("m3", "Cilla By", ""), member("m4", "Dag Ek", "   "))
        plan = await stage.plan(FIRST_SYNC)
        assert len(only(plan, "nothing-to-find-by")) == 2
        assert [change.key for change in plan.changes] == ["71", "72"]


async def test_capitals_make_a_difference_unless_said_otherwise(staged: Staged) -> None:
    async with staged() as stage:
        stage.write_at_the_door("71", "Anna@X.se")
        assert [notice.label for notice in only(await stage.plan(FIRST_SYNC), "not-there")] == ["Anna Ek"]


async def test_capitals_may_be_ignored(staged: Staged) -> None:
    async with staged(ANY_CASE) as stage:
        stage.write_at_the_door("71", " Anna@X.se")
        await stage.sync()
        assert stage.ends()["71"] == END and stage.values()["71"] == " Anna@X.se"
        stage.write_at_the_door("73", "aNNa@x.se")
        stage.save(stage.rows[1], member("m7", "Anna Ek"))
        assert len(only(await stage.plan(), "found-several")) == 1


async def test_whoever_was_found_stays_so_when_somebody_edits_the_field(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.write_at_the_door("71", "other@x.se")
        stage.terminal.edit_at_the_door("71", Valid=OLD)
        plan = await stage.plan()
        [notice] = only(plan, "value-moved")
        assert "person 71 (Anna Ek) goes on being the one that was found, although its extended field has changed" in notice.message
        [change] = plan.changes
        assert (change.key, change.drift) == ("71", True)
        await stage.sync()
        assert stage.ends()["71"] == END and stage.values()["71"] == "other@x.se"


async def test_a_value_moved_to_somebody_else_moves_nobody(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.write_at_the_door("71", "")
        stage.write_at_the_door("73", "anna@x.se")
        plan = await stage.plan()
        assert plan.changes == () and "; person 73 (Cilla By) holds the one of the record" in only(plan, "value-moved")[0].message


async def test_a_value_that_becomes_that_of_another_record_makes_both_a_refusal(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.save(*stage.rows, member("m3", "Doris Dal"))
        stage.write_at_the_door("71", "doris@x.se")
        plan = await stage.plan()
        assert len(only(plan, "found-by-several")) == 2 and plan.changes == ()
        assert "2 records are all found as person 71 (Anna Ek)" in only(plan, "found-by-several")[0].message


async def test_a_new_value_in_the_register_changes_nobody(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.save(member("m1", "Anna Ek", "anna.new@x.se"), stage.rows[1])
        assert (await stage.plan()).changes == ()


async def test_who_was_entered_anew_at_the_door_is_found_anew(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.terminal.remove_at_the_door("71")
        stage.terminal.add_person("88", "Anna Ek", Valid=OLD, PersonInfoExtends=[{"value": "anna@x.se"}])
        await stage.sync()
        assert stage.ends()["88"] == END
        await stage.must_be_in_sync()


async def test_who_left_the_register_is_barred_under_the_number_that_was_found(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.save(stage.rows[1], member("m8", "Doris Dal"), member("m9", "Eva Ek"))
        await stage.sync()
        assert stage.ends()["71"].startswith("2000-01-01") and stage.ends()["72"] == END
        await stage.must_be_in_sync()
        stage.save(member("m1", "Anna Ek"), *stage.rows)
        await stage.sync()
        assert stage.ends()["71"] == END


async def test_an_administrator_who_is_found_is_left_alone(staged: Staged) -> None:
    async with staged() as stage:
        stage.terminal.edit_at_the_door("71", localUIRight=True)
        plan = await stage.plan(FIRST_SYNC)
        assert [change.key for change in plan.changes] == ["72"] and only(plan, "protected")


async def test_a_saved_plan_can_be_carried_out_and_a_plan_without_looking_made(staged: Staged) -> None:
    async with staged() as stage:
        offline = (await stage.workspace.plan(offline=True)).plan
        assert offline.changes == ()
        planned = await stage.workspace.plan(allow=FIRST_SYNC)
        planned.wishes.clear()
        assert {outcome.status for outcome in (await stage.workspace.apply(planned)).outcomes} == {"done"}
        assert (await stage.workspace.plan(offline=True)).plan.changes == ()


async def test_a_value_that_moves_between_plan_and_apply_leaves_the_change_undone(staged: Staged) -> None:
    async with staged() as stage:
        planned = await stage.workspace.plan(allow=FIRST_SYNC)
        stage.write_at_the_door("71", "somebody.else@x.se")
        result = await stage.workspace.apply(planned)
        assert {outcome.key: outcome.status for outcome in result.outcomes} == {"71": "stale", "72": "done"}
        assert stage.ends()["71"] == OLD["endTime"]


async def test_who_is_found_and_declared_by_number_as_well_is_left_alone(staged: Staged) -> None:
    people = f'{VALID}\n    - {{from: members, where: {{id: m2}}, key: "71", valid: {{until: forever}}, manage: [valid]}}'
    async with staged(people) as stage:
        plan = await stage.plan(FIRST_SYNC)
        assert len(only(plan, "claimed-twice")) == 1 and [change.key for change in plan.changes] == ["72"]


async def test_a_record_that_stands_for_two_is_refused_until_one_is_gone(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        place = ("Device/door", "person")
        rows = await stage.workspace.world.state.inventory.load(*place, ["71", "72"])
        await stage.workspace.world.state.inventory.upsert([replace(rows["72"], record="m1")])
        stage.save(stage.rows[0])
        plan = await stage.plan()
        assert "it is person 71 (Anna Ek) and person 72 (Bo Alm) so far" in only(plan, "found-twice")[0].message
        assert plan.changes == ()


# -- a terminal that cannot


@pytest.mark.parametrize(
    "terminal", [lambda: Terminal(quirks=PROFILES["DS-K1T341AM"].quirks.switched(["no-extends"])), lambda: Terminal("DS-KV6124-E1")]
)
async def test_a_terminal_without_custom_fields_is_told_once_and_nothing_is_touched(
    staged: Staged, terminal: Callable[[], Terminal]
) -> None:
    async with staged(terminal=terminal()) as stage:
        plan = await stage.plan(FIRST_SYNC)
        [notice] = plan.notices
        assert notice.code == "extended-not-offered" and "leave findBy out" in notice.message
        assert plan.changes == ()


async def test_firmware_that_stops_offering_custom_fields_bars_nobody(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.terminal.quirks.no_extends = True
        stage.save(stage.rows[1], member("m8", "Doris Dal"))
        assert (await stage.plan()).changes == ()


async def test_a_field_is_found_by_its_id_and_the_others_survive(staged: Staged) -> None:
    profile = Profile("three-fields", extends=3)
    terminal = Terminal(profile, quirks=profile.quirks.switched(["extends-ids", "modify=replace", "types-as-strings"]))
    async with staged(WHOLE, terminal=terminal, config="extendedField: {id: 2}") as stage:
        slots = [{"id": 1, "value": "red"}, {"id": 2, "value": "anna@x.se"}, {"id": 3, "value": "blue"}]
        terminal.edit_at_the_door("71", PersonInfoExtends=slots)
        stage.save(member("m1", "Anna Ek", number="1001"))
        await stage.sync()
        stage.save(member("m1", "Anna Ek", "anna.new@x.se", "1001"))
        await stage.sync()
        assert terminal.persons["71"]["PersonInfoExtends"] == [slots[0], {"id": 2, "value": "anna.new@x.se"}, slots[2]]
        await stage.must_be_in_sync()


# -- whole persons


async def test_somebody_new_gets_number_and_field_and_both_read_back(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.save(member("m1", "Anna Ek"), member("m3", "Doris Dal", number="1003"))
        assert {outcome.status for outcome in (await stage.sync()).outcomes} == {"done"}
        assert stage.values() == {"71": "anna@x.se", "72": "bo@x.se", "73": "cilla@x.se", "1003": "doris@x.se"}
        assert stage.ends()["71"] == stage.ends()["1003"] == END
        await stage.must_be_in_sync()


async def test_a_changed_or_emptied_value_is_written_to_the_same_person(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        await stage.sync()
        stage.save(member("m1", "Anna Ek", "new@x.se"), member("m2", "Bo Alm", ""))
        await stage.sync()
        assert stage.values() == {"71": "new@x.se", "72": "", "73": "cilla@x.se"}
        await stage.must_be_in_sync()


async def test_a_field_edited_at_the_door_is_drift_and_put_right(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        await stage.sync()
        stage.write_at_the_door("71", "somebody.else@x.se")
        [change] = (await stage.plan()).changes
        assert (change.key, change.drift, change.action) == ("71", True, Action.UPDATE)
        assert [(f.name, f.was, f.becomes) for f in change.fields] == [("extended", "***", "***")]
        await stage.sync()
        assert stage.values()["71"] == "anna@x.se"


async def test_a_saved_plan_finds_the_value_that_it_withholds(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.save(*stage.rows, member("m3", "Doris Dal", number="1003"))
        planned = await stage.workspace.plan(allow=FIRST_SYNC)
        planned.wishes.clear()
        assert {outcome.status for outcome in (await stage.workspace.apply(planned)).outcomes} == {"done"}
        assert stage.values()["1003"] == "doris@x.se"


async def test_somebody_new_without_a_number_is_refused(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.save(*stage.rows, member("m3", "Doris Dal"))
        [notice] = only(await stage.plan(FIRST_SYNC), "no-key")
        assert "it has no key to be made under" in notice.message


async def test_a_number_that_is_somebody_elses_is_never_taken(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.save(
            member("m1", "Anna Ek", number="73"), member("m3", "Doris Dal", number="72"), member("m4", "Cilla By", number="73")
        )
        plan = await stage.plan(FIRST_SYNC)
        [elsewhere], [other] = only(plan, "found-elsewhere"), only(plan, "another-value")
        assert "its key is that of person 73 (Cilla By), but its extended field is with person 71 (Anna Ek)" in elsewhere.message
        assert "its key is that of person 72 (Bo Alm), who has another extended field" in other.message
        assert [change.key for change in plan.changes] == ["73"]


async def test_a_number_whose_field_is_empty_is_taken_as_the_policy_says(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.write_at_the_door("71", "")
        stage.save(member("m1", "Anna Ek", number="71"))
        await stage.sync()
        assert stage.values()["71"] == "anna@x.se"
        await stage.must_be_in_sync()


async def test_a_value_too_long_for_the_terminal_is_refused(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.save(*stage.rows, member("m3", "Doris Dal", "d" * 65, "1003"))
        assert len(only(await stage.plan(FIRST_SYNC), "extended-too-long")) == 1


async def test_written_without_being_looked_for(staged: Staged) -> None:
    people = 'key: "{number}"\n      name: "{full_name}"\n      doors: [{door: 1, plan: 1}]'
    async with staged(people) as stage:
        stage.save(member("m1", "Anna Ek", number="71"), member("m3", "Doris Dal", number="1003"))
        await stage.sync()
        assert stage.values()["1003"] == "doris@x.se"
        await stage.must_be_in_sync()


# -- why


async def test_why_names_the_record_behind_a_person_who_was_found(staged: Staged) -> None:
    async with staged() as stage:
        await stage.sync()
        stage.save(*stage.rows, member("m9", "Eva Ek"), member("m3", "Alva Ek", "bo@x.se"))
        world = stage.workspace.world
        resources = tuple(world.specs.targets)
        [anna] = await why(world, Question(resources, Address.parse("Device/door:person/71")))
        assert anna.verdict == "as-declared", anna
        [bo] = await why(world, Question(resources, Address.parse("Device/door:person/72")))
        assert bo.verdict == "left-alone" and "same extended field" in bo.message
        [again] = await why(world, Question(resources, record=("members", "m1")))
        assert (again.address, again.verdict) == (anna.address, "as-declared")
        [eva] = await why(world, Question(resources, record=("members", "m9")))
        assert "no person at the target has the extended field" in eva.message


async def test_why_tells_whom_a_record_means_before_anything_was_written(staged: Staged) -> None:
    async with staged(WHOLE) as stage:
        stage.save(
            member("m1", "Anna Ek", number="1001"), member("m2", "Bo Alm", number="71"), member("m3", "Dora Ek", number="1003")
        )
        world = stage.workspace.world
        resources = tuple(world.specs.targets)
        [anna] = await why(world, Question(resources, record=("members", "m1")))
        assert anna.address == "Device/door:person/71" and "take it over" in anna.message
        assert any("name Anna Ek" in fact.text for fact in anna.facts if fact.title == "target")
        [bo] = await why(world, Question(resources, record=("members", "m2")))
        assert bo.verdict == "left-alone" and "its key is that of person 71" in bo.message
        [dora] = await why(world, Question(resources, Address.parse("Device/door:person/1003")))
        assert "the next apply would add it" in dora.message
        stage.save(member("m3", "Dora Ek", "", number="1003"))
        [dora] = await why(world, Question(resources, Address.parse("Device/door:person/1003")))
        assert "no value for the extended field" in dora.message
