"""A door that does not do what it should: passwords, addresses, clocks, the wrong device."""

from __future__ import annotations

from syrupy.assertion import SnapshotAssertion

from tests.transcripts.stage import Stage


def test_a_wrong_password_is_tried_once(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.monkeypatch.setenv("DOOR_PASSWORD", "Wrong-12345")
    assert stage.type("trueup plan") == 4
    calls = stage.door.calls
    assert stage.type("trueup apply --auto-approve") == 4
    assert stage.door.calls == calls
    stage.aside("the right one is set")
    stage.monkeypatch.setenv("DOOR_PASSWORD", "Door-12345")
    assert stage.type("trueup test Device/front-door") == 0
    assert stage.transcript == snapshot


def test_a_door_that_is_switched_off(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit(stage.url, "http://127.0.0.2:9")
    assert stage.type("trueup plan") == 4
    assert stage.type("trueup test") == 4
    assert stage.type("trueup apply --auto-approve") == 4
    assert stage.type("trueup status") == 0
    assert stage.transcript == snapshot


def test_a_name_that_nobody_knows(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit(stage.url, "http://frontdoor.example")
    assert stage.type("trueup plan") == 4
    assert stage.transcript == snapshot


def test_a_clock_that_is_wrong(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.door.device.clock_offset = -3600.0
    assert stage.type("trueup plan") == 4
    assert stage.type("trueup test Device/front-door") == 4
    assert stage.transcript == snapshot


def test_a_door_that_was_exchanged(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.door.device.serial = "DS-K1T671-0002"
    assert stage.type("trueup plan") == 4
    assert stage.type("trueup apply --auto-approve") == 4
    assert stage.transcript == snapshot
