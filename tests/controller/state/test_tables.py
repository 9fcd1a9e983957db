"""Runs, targets, protections, events, conditions, sealed secrets and retention."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.model.errors import KeyUnusable, SecretMissing
from controller.model.event import ConditionState, Event
from controller.model.outcome import Outcome, Status
from controller.state.keys import Keys
from controller.state.rows import Begun, Finished, OwnedRow, Protection, RunRow, TargetRow, stamp
from controller.state.store import State

if TYPE_CHECKING:
    from tests.controller.state.conftest import StillClock

pytestmark = pytest.mark.anyio

DOOR = "Device/front-door"
NOON = "2026-11-22T12:00:00Z"
DAY = 86400


async def test_a_run_keeps_its_plan_for_resume(state: State) -> None:
    row = RunRow("r1", NOON, "plan-1", "sha256:x", "host", 7)
    await state.runs.start(row, b'{"id":"plan-1"}')
    assert await state.runs.get("r1") == row
    assert await state.runs.plan("r1") == b'{"id":"plan-1"}'
    assert await state.runs.plan("unknown") is None
    assert await state.runs.get("unknown") is None


async def test_a_run_is_open_until_it_is_closed_and_again_when_it_goes_on(state: State, clock: StillClock) -> None:
    await state.runs.start(RunRow("r1", NOON), b"")
    await state.runs.start(RunRow("r2", "2026-11-22T12:00:01Z"), b"")
    assert [run.run for run in await state.runs.open_runs()] == ["r1", "r2"]
    clock.advance(60)
    await state.runs.close("r1", "partial", "{}")
    closed = await state.runs.get("r1")
    assert closed is not None
    assert (closed.status, closed.summary, closed.ended) == ("partial", "{}", "2026-11-22T12:01:00Z")
    await state.runs.reopen("r1", host="other", pid=8)
    again = await state.runs.get("r1")
    assert again == RunRow("r1", NOON, host="other", pid=8)
    assert [run.run for run in await state.runs.latest(5)] == ["r2", "r1"]
    assert [run.run for run in await state.runs.latest()] == ["r2"]


async def test_the_serial_number_of_the_first_contact_stays(state: State, clock: StillClock) -> None:
    assert await state.targets.identity(DOOR) == ""
    await state.targets.meet(DOOR, "")
    await state.targets.meet(DOOR, "SN-1")
    clock.advance(60)
    await state.targets.meet(DOOR, "SN-2")
    assert await state.targets.get(DOOR) == TargetRow(DOOR, "SN-1", NOON)


async def test_a_target_counts_as_initialised_after_its_first_run(state: State) -> None:
    assert not await state.targets.initialised(DOOR)
    await state.targets.meet(DOOR, "SN-1")
    assert not await state.targets.initialised(DOOR)
    await state.targets.applied(DOOR, "r1", "sha256:x")
    assert await state.targets.initialised(DOOR)
    assert await state.targets.all() == [TargetRow(DOOR, "SN-1", NOON, True, "r1", "sha256:x")]


async def test_the_last_complete_read_is_remembered_per_kind(state: State, clock: StillClock) -> None:
    await state.targets.remember_read(DOOR, {"person": 10, "card": 20})
    clock.advance(60)
    await state.targets.remember_read(DOOR, {"person": 11})
    found = await state.targets.last_read(DOOR)
    assert {kind: (row.count, row.read_at) for kind, row in found.items()} == {
        "person": (11, "2026-11-22T12:01:00Z"), "card": (20, NOON),
    }  # fmt: skip


async def test_a_source_that_was_never_read_whole_is_not_one_that_was_empty(state: State) -> None:
    assert await state.targets.source_count("members") is None
    await state.targets.remember_source("members", 0)
    assert await state.targets.source_count("members") == 0


async def test_a_forgotten_target_loses_everything_but_its_protections(state: State) -> None:
    await state.targets.applied(DOOR, "r1", "x")
    await state.targets.remember_read(DOOR, {"person": 1})
    await state.protections.remember(DOOR, "protect", ["person/1"])
    await state.targets.forget(DOOR)
    assert await state.targets.get(DOOR) is None
    assert await state.targets.last_read(DOOR) == {}
    assert len(await state.protections.all()) == 1


async def test_protections_outlive_their_declaration_until_released(state: State, clock: StillClock) -> None:
    await state.protections.remember(DOOR, "protect", ["person/1", "person/9*"])
    await state.protections.remember(DOOR, "never_remove", ["person/1"])
    clock.advance(60)
    await state.protections.remember(DOOR, "protect", ["person/1"])
    assert await state.protections.all() == [
        Protection(DOOR, "person/1", "never_remove", NOON),
        Protection(DOOR, "person/1", "protect", NOON),
        Protection(DOOR, "person/9*", "protect", NOON),
    ]
    assert await state.protections.release(DOOR, "person/1")
    assert not await state.protections.release(DOOR, "person/1")
    assert [p.pattern for p in await state.protections.all()] == ["person/9*"]


async def test_known_protections_cost_no_transaction(state: State) -> None:
    await state.protections.remember(DOOR, "protect", ["person/1"])
    before = state.store.commits
    await state.protections.remember(DOOR, "protect", ["person/1"])
    await state.protections.remember(DOOR, "protect", [])
    assert state.store.commits == before


async def test_events_are_told_newest_first_and_filtered(state: State) -> None:
    first = Event(NOON, "plan.made", "", "made")
    second = Event(NOON, "device.parked", DOOR, "off", "warning", "r1")
    await state.events.add([first, second])
    await state.events.add([])
    assert await state.events.latest() == [second, first]
    assert await state.events.latest(1) == [second]
    assert await state.events.latest(type="plan.made") == [first]
    assert await state.events.latest(subject=DOOR) == [second]
    assert await state.events.latest(type="plan.made", subject=DOOR) == []


async def test_a_condition_moves_its_time_only_when_its_status_changes(state: State, clock: StillClock) -> None:
    await state.conditions.set([ConditionState(DOOR, "Ready", "True", "Applied")])
    clock.advance(60)
    await state.conditions.set([ConditionState(DOOR, "Ready", "True", "Unchanged", "still fine", "sha256:x")])
    assert await state.conditions.of(DOOR) == [ConditionState(DOOR, "Ready", "True", "Unchanged", "still fine", "sha256:x", NOON)]
    await state.conditions.set([ConditionState(DOOR, "Ready", "False", "Unreachable")])
    [moved] = await state.conditions.of(DOOR)
    assert (moved.status, moved.last_transition) == ("False", "2026-11-22T12:01:00Z")


async def test_conditions_of_all_resources_and_of_none(state: State) -> None:
    before = state.store.commits
    await state.conditions.set([])
    assert state.store.commits == before
    await state.conditions.set([ConditionState(DOOR, "Ready", "True", "x"), ConditionState("Device/a", "Ready", "True", "x")])
    assert [condition.resource for condition in await state.conditions.all()] == ["Device/a", DOOR]
    await state.conditions.forget(DOOR)
    assert await state.conditions.of(DOOR) == []


async def test_secrets_are_sealed_under_their_names(state: State, folder: Path) -> None:
    await state.secrets.set("door", "canary-4711")
    await state.secrets.set("register", "other")
    await state.secrets.set("register", "canary-4712")
    assert await state.secrets.names() == [("door", NOON), ("register", NOON)]
    assert await state.secrets.get("door") == "canary-4711"
    vault = await state.secrets.vault()
    assert vault.get("register") == "canary-4712"
    assert repr(vault) == "Vault(2 secrets)"
    for file in folder.iterdir():  # noqa: ASYNC240 - a test folder
        assert b"canary" not in file.read_bytes()


async def test_two_sealed_rows_cannot_be_swapped(state: State) -> None:
    await state.secrets.set("door", "canary-4711")
    await state.secrets.set("register", "canary-4712")
    await state.store.write(
        lambda conn: conn.execute("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'register')").rowcount
    )
    assert await state.secrets.get("register") == "canary-4712"
    with pytest.raises(KeyUnusable, match="the secret 'door' cannot be opened"):
        await state.secrets.get("door")
    with pytest.raises(KeyUnusable, match="the secret 'door' cannot be opened"):
        (await state.secrets.vault()).get("door")


async def test_an_unknown_secret_says_how_to_set_it(state: State) -> None:
    for get in (state.secrets.get("door"), _from_vault(state)):
        with pytest.raises(SecretMissing, match="no secret named 'door'") as caught:
            await get
        assert caught.value.hint == "trueup secrets set door"


async def _from_vault(state: State) -> str:
    return (await state.secrets.vault()).get("door")


async def test_a_removed_secret_is_gone(state: State) -> None:
    await state.secrets.set("door", "x")
    assert await state.secrets.remove("door")
    assert not await state.secrets.remove("door")
    assert await state.secrets.names() == []


async def test_without_a_key_secrets_are_listed_and_nothing_more(state: State, folder: Path, keys: Keys, clock: StillClock) -> None:
    await state.secrets.set("door", "x")
    async with State.open(folder, keys=None, clock=clock) as keyless:
        assert await keyless.secrets.names() == [("door", NOON)]
        with pytest.raises(KeyUnusable, match="no key was given"):
            await keyless.secrets.get("door")
        with pytest.raises(KeyUnusable, match="no key was given"):
            await keyless.secrets.set("door", "y")


async def _old_and_new(state: State, clock: StillClock) -> None:
    """102 closed runs and one that is open, 100 days ago; another one today."""
    for n in range(102):
        await _run(state, clock, f"old-{n:03}")
    await state.runs.start(RunRow("open", "2020-01-01T00:00:00Z"), b"plan")
    clock.advance(100 * DAY)
    await _run(state, clock, "new")


async def _run(state: State, clock: StillClock, run: str) -> None:
    await state.runs.start(RunRow(run, stamp(clock.now())), b"plan")
    await state.journal.begin(run, [Begun(run, DOOR, "person", run, "create", owned=OwnedRow(DOOR, "person", run))])
    await state.journal.finish(run, [Finished(Outcome(run, DOOR, "person", run, "create", Status.DONE))])
    await state.runs.close(run, "success", "")


async def test_old_runs_go_with_their_plans_and_outcomes_but_never_the_inventory(state: State, clock: StillClock) -> None:
    await _old_and_new(state, clock)
    dropped = await state.prune()
    assert {table: count for table, count in dropped.items() if count} == {
        "runs": 3, "run_plans": 3, "journal": 3, "outcomes": 3,
    }  # fmt: skip
    assert await state.runs.plan("old-000") is None
    assert await state.outcomes.of_run("old-101") != []
    assert [run.run for run in await state.runs.open_runs()] == ["open"]
    assert len(await state.inventory.index(DOOR, "person")) == 103
    assert sum((await state.prune()).values()) == 0


async def test_what_is_not_ended_is_kept_whatever_its_age(state: State, clock: StillClock) -> None:
    await state.runs.start(RunRow("crashed", "2020-01-01T00:00:00Z"), b"plan")
    await state.journal.begin("crashed", [Begun("a", DOOR, "person", "a", "create")])
    await state.runs.close("crashed", "failed", "")
    for n in range(101):
        await _run(state, clock, f"run-{n:03}")
    clock.advance(1000 * DAY)
    await state.prune()
    assert await state.runs.plan("crashed") == b"plan"
    assert [entry.change for entry in await state.journal.unfinished()] == ["a"]


async def test_old_events_go_except_the_newest(state: State, clock: StillClock) -> None:
    await state.events.add([Event("2020-01-01T00:00:00Z", "old", "", str(n)) for n in range(10_005)])
    assert (await state.prune())["events"] == 5
    assert [event.message for event in (await state.events.latest(20_000))[-1:]] == ["5"]


async def test_messages_go_when_they_are_dealt_with(state: State) -> None:
    rows = [("a", b"", "", "2020-01-01T00:00:00Z"), ("b", b"", "", ""), ("c", b"", "", NOON)]
    insert = "INSERT INTO outbox (destination, body, created_at, done_at) VALUES (?, ?, ?, ?)"
    await state.store.write(lambda conn: conn.executemany(insert, rows).rowcount)
    assert (await state.prune())["outbox"] == 1
    left = await state.store.read(lambda conn: conn.execute("SELECT destination FROM outbox ORDER BY seq").fetchall())
    assert left == [("b",), ("c",)]
