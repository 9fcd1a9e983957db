"""From the plan to the door: the first time, too much at once, saved plans, Ctrl-C, names that change."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import Any

from syrupy.assertion import SnapshotAssertion

from tests.transcripts.stage import Stage, members


def test_the_first_sync_of_a_door(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.door.add_person("1001", "Anna Lind")
    stage.door.add_person("7", "Night watch")
    assert stage.type("trueup plan") == 5
    assert stage.type("trueup apply --auto-approve") == 5
    assert stage.type("trueup apply --auto-approve --bootstrap") == 0
    assert stage.transcript == snapshot


def test_too_many_at_once(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(members(inactive=4))
    assert stage.type("trueup plan") == 5
    assert stage.type("trueup apply --auto-approve") == 5
    assert stage.type("trueup apply --auto-approve --allow revoke:Device/front-door=4") == 0
    assert stage.transcript == snapshot


def test_an_allowance_that_is_misspelt(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(members(inactive=4))
    assert stage.type("trueup plan --allow revoke") == 1
    assert stage.type("trueup plan --allow revoke:Device/front-dor=4") in (1, 5)
    assert stage.transcript == snapshot


def test_a_register_that_is_suddenly_empty(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(members(of=0))
    assert stage.type("trueup plan") == 4
    assert stage.type("trueup apply --auto-approve") == 4
    assert len(stage.door.persons) == 10
    assert stage.transcript == snapshot


def test_a_register_that_was_cut_short(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(members(of=4))
    assert stage.type("trueup plan") in (0, 4, 5)
    stage.aside("in the middle of a row")
    stage.register(members()[:-20])
    assert stage.type("trueup plan") in (0, 4, 5)
    assert len(stage.door.persons) == 10
    assert stage.transcript == snapshot


def test_a_plan_that_was_edited_is_foreign_or_too_old(stage: Stage, snapshot: SnapshotAssertion) -> None:
    assert stage.quietly("trueup plan --bootstrap --out plan.json") == 0
    plan = stage.folder / "plan.json"
    right = plan.read_bytes()
    stage.aside("somebody lets Anna in for longer")
    plan.write_bytes(right.replace(b"2037-12-31", b"2039-12-31"))
    assert stage.type("trueup apply plan.json --auto-approve") == 6
    plan.write_bytes(right)
    assert stage.type("trueup --state elsewhere apply plan.json --auto-approve") == 6
    stage.aside("two days later")
    stage.now += timedelta(days=2)
    assert stage.type("trueup apply plan.json --auto-approve") == 6
    stage.now -= timedelta(days=2)
    stage.edit("{first_name} {last_name}", "{last_name} {first_name}")
    assert stage.type("trueup apply plan.json --auto-approve") == 6
    assert stage.type("trueup apply paln.json --auto-approve") == 1
    assert stage.transcript == snapshot


def test_ctrl_c_half_way(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("pace: 0", "pace: 150ms")
    _interrupt_at(stage, writes=4)
    assert stage.type("trueup apply --bootstrap --auto-approve") == 130
    assert stage.type("trueup status") == 0
    assert stage.type("trueup apply --resume latest --auto-approve") == 0
    assert len(stage.door.persons) == 10
    assert stage.transcript == snapshot


def _interrupt_at(stage: Stage, writes: int) -> None:
    """Ctrl-C while the door answers this write."""
    answer, left = stage.door.device.persons.put, [writes]

    def put(person: Any) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)  # the answer must not come before the signal is heard
        answer(person)

    stage.monkeypatch.setattr(stage.door.device.persons, "put", put)


def test_a_door_that_got_another_name(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.edit("name: front-door", "name: main-entrance")
    assert stage.type("trueup plan") == 0
    assert stage.type("trueup state mv Device/front-door Device/main-entrance") == 0
    assert stage.type("trueup plan --detailed-exitcode") == 0
    assert stage.transcript == snapshot


def test_a_door_whose_new_name_is_written_down(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.edit("name: front-door", "name: main-entrance")
    stage.edit(
        "timezone: Europe/Stockholm", "timezone: Europe/Stockholm\n  moved: [{from: Device/front-door, to: Device/main-entrance}]"
    )
    assert stage.type("trueup plan") == 0
    assert stage.transcript == snapshot


def test_a_rule_against_removals_at_weekends(stage: Stage, snapshot: SnapshotAssertion) -> None:
    rule = "{name: no-weekend-removals, deny: nobody is removed at weekends, when: {effect: revokes, time: {days: [sat, sun]}}}"
    stage.edit("timezone: Europe/Stockholm", f"timezone: Europe/Stockholm\n  rules: [{rule}]")
    stage.settled()
    stage.register(members("1001"))
    stage.aside("Wednesday")
    assert stage.type("trueup plan") == 0
    stage.aside("Saturday")
    stage.now += timedelta(days=3)
    assert stage.type("trueup plan") == 5
    assert stage.type("trueup apply --auto-approve") == 5
    assert stage.transcript == snapshot
