"""Names that change (`moved`) and doors that wait for each other (`dependsOn`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli.show.plan_text import plan_text
from controller.engine.plans.planning import Wanted
from controller.engine.today.waiting import blocked
from controller.engine.why import Question, find, why
from controller.model.address import Address
from controller.model.change import Action, Condition
from controller.model.errors import PlanRejected
from controller.model.outcome import Rollup, Status
from controller.model.scope import Scope
from controller.sdk.errors import Rejected, Unreachable
from controller.state.rows import Begun, OwnedRow
from tests.estate import BOOTSTRAP, Estate, terminal
from tests.memory import record

pytestmark = pytest.mark.anyio

HEAD = """\
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec: {provider: register, config: {name: members}}
"""


def controller(moved: str = "[]") -> str:
    return (
        "apiVersion: trueup/v1\nkind: Controller\nmetadata: {name: site}\n"
        f"spec: {{timezone: Europe/Stockholm, moved: {moved}}}\n---\n{HEAD}"
    )


def door(name: str, more: str = "", policy: str = "{pace: 0, onRemoval: delete}") -> str:
    return (
        f"---\napiVersion: trueup/v1\nkind: Device\nmetadata: {{name: {name}}}\nspec:\n  provider: door\n"
        f"  config: {{url: http://{name.replace('old', 'front').replace('middle', 'front')}.invalid}}\n"
        f"  people: [{{from: members}}]\n  policy: {policy}\n{more}"
    )


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    made = Estate(tmp_path)
    made.registers["members"].rows = [record("1001"), record("1002")]
    return made


MOVED = "[{from: Device/old, to: Device/front}]"


async def renamed(estate: Estate, moved: str = MOVED) -> None:
    estate.write(controller() + door("old", policy="{pace: 0, protect: [person/9], neverRemove: [person/1001]}"))
    await estate.apply()
    estate.write(controller(moved) + door("front"))


# -- moved -------------------------------------------------------------------------------------------------------------------


async def test_a_new_name_is_planned_visibly_and_writes_nothing_to_the_door(estate: Estate) -> None:
    await renamed(estate)
    planned = await estate.plan()
    (move,) = planned.plan.changes
    assert (move.resource, move.key, move.action) == ("Device/old", "Device/front", Action.MOVE)
    assert [(r.address, r.condition, r.owned) for r in planned.plan.resources] == [
        ("Device/old", Condition.MOVED, 2),
        ("Device/front", Condition.COMPLETE, 2),
    ]
    writes = list(estate.door("front.invalid").writes)
    assert (await estate.apply(planned)).counts == {"done": 1}
    assert estate.door("front.invalid").writes == writes
    again = await estate.plan()
    assert (again.plan.changes, [r.address for r in again.plan.resources]) == ((), ["Device/front"])


async def test_what_is_remembered_goes_along(estate: Estate) -> None:
    await renamed(estate)
    await estate.plan()
    async with estate.world() as world:
        assert (await world.state.targets.get("Device/front")) is None
    await estate.apply()
    async with estate.world() as world:
        kept = {(p.resource, p.kind, p.pattern) for p in await world.state.protections.all()}
        target = await world.state.targets.get("Device/front")
        assert await world.state.targets.get("Device/old") is None
    assert kept == {("Device/front", "protect", "person/9"), ("Device/front", "never_remove", "person/1001")}
    assert target is not None and target.initialised and target.identity == "S-front.invalid"


async def test_a_protection_holds_before_the_new_name_is_applied(estate: Estate) -> None:
    await renamed(estate)
    del estate.registers["members"].rows[0]
    planned = await estate.plan(Wanted(allow=frozenset({"source-shrink:members", "revoke:Device/front=9"})))
    assert [c.action for c in planned.plan.changes] == [Action.MOVE]
    assert [n.code for n in planned.plan.notices] == ["protected"]


async def test_why_knows_what_is_ours_before_the_new_name_is_applied(estate: Estate) -> None:
    await renamed(estate)
    del estate.registers["members"].rows[0]
    async with estate.world() as world:
        about, allow = Address.parse("Device/front:person/1001"), frozenset({"source-shrink:members", "revoke:Device/front=9"})
        (answer,) = await why(world, Question(world.specs.targets, about, allow=allow))
        left = await find(world, "1001", world.specs.targets, offline=False)
    assert (answer.verdict, "never removed: person/1001" in answer.message) == ("left-alone", True)
    assert "moved: our notes are still about Device/old" in [fact.text for fact in answer.facts if fact.title == "rule"]
    assert [found.address for found in left.found] == ["Device/front:person/1001"]


async def test_changes_are_made_under_the_new_name_in_the_same_run(estate: Estate) -> None:
    await renamed(estate)
    estate.registers["members"].rows.append(record("1003"))
    planned = await estate.plan()
    assert [(c.action, c.resource) for c in planned.plan.changes] == [
        (Action.MOVE, "Device/old"),
        (Action.CREATE, "Device/front"),
    ]
    assert (await estate.saved(planned.plan)).counts == {"done": 2}
    async with estate.world() as world:
        assert await world.state.inventory.counts() == {"Device/front": {"person": 3}}


async def test_an_offline_plan_and_a_budget_know_the_old_name(estate: Estate) -> None:
    await renamed(estate)
    estate.registers["members"].network = False
    planned = await estate.plan(Wanted(offline=True))
    assert [c.action for c in planned.plan.changes] == [Action.MOVE]
    estate.write(controller(MOVED) + door("front", policy="{pace: 0, budgets: {grant: 2}}"))
    estate.registers["members"].rows.append(record("1003"))
    assert [limit.rule for limit in (await estate.plan()).plan.limits] == ["budget-grant"]


async def test_a_name_over_several_steps_and_one_that_leads_nowhere_new(estate: Estate) -> None:
    await renamed(estate, "[{from: Device/old, to: Device/middle}, {from: Device/middle, to: Device/front}]")
    assert (await estate.apply()).counts == {"done": 1}
    assert (await estate.plan()).plan.changes == ()


async def test_a_selection_of_another_door_leaves_the_name_alone(estate: Estate) -> None:
    await renamed(estate)
    estate.write(controller(MOVED) + door("front") + door("side"))
    planned = await estate.plan(Wanted(Scope(targets=("Device/side",)), BOOTSTRAP))
    assert {c.resource for c in planned.plan.changes} == {"Device/side"}


async def test_two_doors_that_are_both_known_are_not_made_one(estate: Estate) -> None:
    estate.write(controller() + door("old").replace("front.invalid", "old.invalid") + door("front"))
    await estate.apply()
    estate.write(controller(MOVED) + door("front"))
    planned = await estate.plan()
    assert [n.code for n in planned.plan.notices] == ["moved-twice"]
    assert planned.plan.changes == ()  # and what we own on either is not forgotten


async def test_a_saved_plan_does_not_mix_the_notes_of_two_names(estate: Estate) -> None:
    await renamed(estate)
    planned = await estate.plan()
    async with estate.world() as world:
        await world.state.inventory.upsert([OwnedRow("Device/front", "person", "1001", "owned")])
    with pytest.raises(PlanRejected, match="Device/old cannot become Device/front any more"):
        await estate.saved(planned.plan)
    async with estate.world() as world:
        assert await world.state.inventory.counts() == {"Device/front": {"person": 1}, "Device/old": {"person": 2}}


async def test_two_doors_that_lead_to_one_name_are_both_left_as_they_are(estate: Estate) -> None:
    estate.write(controller() + door("old") + door("side"))
    await estate.apply()
    estate.write(controller("[{from: Device/old, to: Device/front}, {from: Device/side, to: Device/front}]") + door("front"))
    planned = await estate.plan()
    assert [n.code for n in planned.plan.notices if n.verdict == "held"] == ["moved-twice"]
    assert not {Action.MOVE, Action.FORGET} & {c.action for c in planned.plan.changes}


MADE = """\
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals}
spec: {provider: register, config: {name: terminals}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: NAME}
spec:
  provider: door
  forEach: {source: terminals, key: "{id}", allowNetworks: [10.0.0.0/8]}
  config: {url: {each: url}}
  people: [{from: members}]
  policy: {pace: 0, whenRemovedFromSpec: empty}
"""
GATE = "[{from: Device/terminal, to: Device/gate}]"


async def made_of_records(estate: Estate) -> None:
    """Two doors are there, made by records; then their document gets another name."""
    estate.registers["terminals"].rows = [terminal("1"), terminal("2")]
    estate.write(controller() + MADE.replace("NAME", "terminal"))
    await estate.apply()
    estate.write(controller(GATE) + MADE.replace("NAME", "gate"))


async def test_nobody_is_forgotten_while_the_records_behind_a_new_name_cannot_be_read(estate: Estate) -> None:
    await made_of_records(estate)
    saved = await estate.plan()
    estate.registers["terminals"].fail_after = 0
    planned = await estate.plan()
    assert (planned.plan.changes, [r.address for r in planned.plan.resources]) == ((), ["Device/gate"])
    async with estate.world() as world:
        await world.state.journal.begin("r0", [Begun("c1", "Device/terminal@1", "person", "1001", "update")])
    await estate.apply(planned)
    async with estate.world() as world:
        assert [begun.resource for begun in await world.state.journal.unfinished()] == ["Device/terminal@1"]
    estate.registers["terminals"].fail_after = None
    assert (await estate.apply(saved)).counts == {"done": 2}


async def test_a_record_that_cannot_be_followed_holds_what_it_made_under_the_old_name(estate: Estate) -> None:
    await made_of_records(estate)
    estate.registers["terminals"].rows[1] = terminal("2", url="")
    planned = await estate.plan()
    assert [(c.action, c.resource) for c in planned.plan.changes] == [(Action.MOVE, "Device/terminal@1")]


async def test_a_door_whose_record_left_is_emptied_under_the_name_it_has_in_the_state(estate: Estate) -> None:
    await made_of_records(estate)
    del estate.registers["terminals"].rows[1]
    planned = await estate.plan(Wanted(allow=BOOTSTRAP | {"source-shrink:terminals"}))
    found = [(c.action, c.resource) for c in planned.plan.changes]
    assert found == [(Action.MOVE, "Device/terminal@1"), *[(Action.DELETE, "Device/terminal@2")] * 2]


async def test_doors_of_records_move_with_the_document_that_makes_them(estate: Estate) -> None:
    await made_of_records(estate)
    planned = await estate.plan()
    assert [(c.resource, c.key) for c in planned.plan.changes] == [
        ("Device/terminal@1", "Device/gate@1"),
        ("Device/terminal@2", "Device/gate@2"),
    ]
    assert (await estate.apply(planned)).rollup is Rollup.SUCCESS
    assert (await estate.plan()).plan.changes == ()


async def test_what_was_interrupted_is_looked_up_under_the_new_name(estate: Estate) -> None:
    await renamed(estate)
    async with estate.world() as world:
        await world.state.journal.begin("r0", [Begun("c1", "Device/old", "person", "1001", "update")])
    estate.registers["members"].rows.append(record("1003"))
    await estate.apply()
    async with estate.world() as world:
        assert await world.state.journal.unfinished() == []
        assert [o.resource for o in await world.state.outcomes.of_run("r0")] == ["Device/front"]


# -- dependsOn ---------------------------------------------------------------------------------------------------------------

WAITS = "  dependsOn: [Device/main]\n"


def unreachable(call: str) -> None:
    raise Unreachable("no route to the door")


async def test_who_others_wait_for_comes_first(estate: Estate) -> None:
    estate.write(controller() + door("side", WAITS) + door("main") + door("gate", "  dependsOn: [Device/side]\n"))
    planned = await estate.plan()
    assert [r.address for r in planned.plan.resources] == ["Device/main", "Device/side", "Device/gate"]
    said = plan_text(planned.plan)
    assert ("  waits for Device/main" in said, "  waits for Device/side" in said) == (True, True)
    async with estate.world() as world:
        (answer,) = await why(world, Question((world.specs.by_address["Device/gate"],)))
    assert "dependsOn: Device/side" in [fact.text for fact in answer.facts]
    order: list[str] = []
    for host in ("main", "side", "gate"):
        estate.door(f"{host}.invalid").after = lambda write, host=host: order.append(host)  # type: ignore[misc]
    await estate.apply(planned)
    assert order == ["main", "main", "side", "side", "gate", "gate"]


async def test_who_waits_for_a_parked_door_is_skipped_and_says_so(estate: Estate) -> None:
    estate.write(controller() + door("side", WAITS) + door("main") + door("gate", "  dependsOn: [Device/side]\n") + door("free"))
    estate.door("main.invalid").fail = unreachable
    planned = await estate.plan()
    summaries = {r.address: r for r in planned.plan.resources}
    assert {a: s.condition for a, s in summaries.items()} == {
        "Device/main": Condition.PARKED,
        "Device/side": Condition.PARKED,
        "Device/gate": Condition.PARKED,
        "Device/free": Condition.COMPLETE,
    }
    assert summaries["Device/side"].message == "skipped: it waits for Device/main, which was left alone (no route to the door)"
    assert {c.resource for c in planned.plan.changes} == {"Device/free"}


async def test_a_door_that_parks_during_the_run_skips_who_waits_for_it(estate: Estate) -> None:
    estate.write(controller() + door("side", WAITS) + door("main") + door("gate", "  dependsOn: [Device/side]\n") + door("free"))
    planned = await estate.plan()

    def fail(call: str) -> None:
        if call.startswith("write"):
            raise Unreachable("the line went dead")

    estate.door("main.invalid").fail = fail
    result = await estate.apply(planned)
    ends = {o.resource: (o.status, o.code) for o in result.outcomes}
    assert ends["Device/side"] == ends["Device/gate"] == (Status.SKIPPED, "depends-on")
    assert ends["Device/free"] == (Status.DONE, "")
    said = next(o.message for o in result.outcomes if o.resource == "Device/side")
    assert said.startswith("it waits for Device/main, which was not done (")


async def test_a_door_that_a_rule_stands_against_skips_who_waits_for_it(estate: Estate) -> None:
    estate.write(controller() + door("main"))
    estate.door("main.invalid").persons["9"] = ("Stranger", None, (1,))
    estate.write(controller() + door("side", WAITS) + door("main"))
    planned = await estate.plan(Wanted())
    assert {limit.resource for limit in planned.plan.limits} >= {"Device/main"}
    result = await estate.apply(planned)
    assert {o.resource: o.status for o in result.outcomes}["Device/main"] is Status.REFUSED
    assert {o.resource: o.status for o in result.outcomes}["Device/side"] in (Status.SKIPPED, Status.REFUSED)


async def test_some_failed_entries_keep_nobody_waiting_and_what_is_not_selected_neither(estate: Estate) -> None:
    estate.write(controller() + door("side", WAITS) + door("main"))

    def fail(call: str) -> None:
        if call == "write create person/1001":
            raise Rejected("the name is too long")

    estate.door("main.invalid").fail = fail
    result = await estate.apply()
    assert {o.status for o in result.outcomes if o.resource == "Device/side"} == {Status.DONE}
    planned = await estate.plan(Wanted(Scope(targets=("Device/side",)), BOOTSTRAP))
    assert [r.condition for r in planned.plan.resources] == [Condition.COMPLETE]


async def test_who_waits_for_doors_of_records_is_skipped_while_nobody_knows_them(estate: Estate) -> None:
    made = """\
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals}
spec: {provider: register, config: {name: terminals}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: terminal}
spec:
  provider: door
  forEach: {source: terminals, key: "{id}", allowNetworks: [10.0.0.0/8]}
  config: {url: {each: url}}
  people: [{from: members}]
"""
    estate.write(controller() + door("side", "  dependsOn: [Device/terminal]\n") + made)
    estate.registers["terminals"].rows = [terminal("1")]
    planned = await estate.plan()
    assert [r.address for r in planned.plan.resources] == ["Device/terminal@1", "Device/side"]
    estate.registers["terminals"].fail_after = 0
    parked = {r.address: r.condition for r in (await estate.plan()).plan.resources}
    assert parked == {"Device/side": Condition.PARKED, "Device/terminal": Condition.PARKED}


def test_a_parked_door_gives_its_own_reason() -> None:
    assert blocked(["a", "b"], {"b": ("a",)}, {"a": "dead", "b": "dead too"}) == {}
