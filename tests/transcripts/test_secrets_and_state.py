"""What trueup keeps, and what it is given: keys, passwords, the disk, another trueup."""

from __future__ import annotations

import sqlite3

from syrupy.assertion import SnapshotAssertion

from controller.state import opening
from tests.transcripts.stage import Stage


def test_a_variable_that_is_not_set(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.monkeypatch.delenv("DOOR_PASSWORD")
    assert stage.type("trueup plan") == 4
    assert stage.type("trueup plan --offline") in (0, 5)
    assert stage.transcript == snapshot


def test_another_key(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    key = stage.folder / ".trueup" / "key"
    kept = key.read_text(encoding="ascii")
    key.write_text("c29tZSBvdGhlciBrZXkgb2YgMzIgYnl0ZXMgbGVuZ3Q=\n", encoding="ascii")
    assert stage.type("trueup plan") == 1
    stage.aside("the key is gone")
    key.unlink()
    assert stage.type("trueup plan") == 1
    stage.aside("everybody may read it")
    key.write_text(kept, encoding="ascii")
    key.chmod(0o644)
    assert stage.type("trueup plan") == 1
    assert stage.transcript == snapshot


def test_a_disk_that_is_full(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(stage_members_with_more())
    plain = opening._connect

    def full(uri: str) -> sqlite3.Connection:
        conn = plain(uri)
        conn.execute("PRAGMA max_page_count = 1").fetchall()
        return conn

    stage.monkeypatch.setattr(opening, "_connect", full)
    assert stage.type("trueup apply --auto-approve") == 1
    assert stage.transcript == snapshot


def stage_members_with_more() -> str:
    from tests.transcripts.stage import members

    return members() + "".join(f"{2000 + n},New {'x' * 20},Member {n},true,2026-01-01,2037-12-31\n" for n in range(3))
