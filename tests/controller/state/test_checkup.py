"""The check of the state: what is wrong is found, said with what to do next, and never changed by looking."""

from __future__ import annotations

import base64
import os
import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.state import keys as keyring
from controller.state.keys import Keys, create_key
from controller.state.lease import acquire
from controller.state.rows import PENDING, Begun, OwnedRow, RunRow
from controller.state.store import State
from controller.state.upkeep import rotation, surroundings
from controller.state.upkeep.checkup import Checked, check_state
from controller.state.upkeep.finding import Finding, Level, worst

if TYPE_CHECKING:
    from tests.controller.state.conftest import StillClock

pytestmark = pytest.mark.anyio

Check = Callable[..., list[Finding]]


@pytest.fixture
def keys(folder: Path) -> Keys:
    return create_key(folder)


@pytest.fixture
def check(folder: Path, clock: StillClock) -> Check:
    def call(**given: object) -> list[Finding]:
        asked: dict[str, object] = {"environ": {}, "declared": lambda address: True, **given}
        return check_state(Checked(folder, clock=clock, **asked))  # type: ignore[arg-type]

    return call


def _troubles(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if finding.level is not Level.OK}


async def test_a_state_in_order_has_nothing_to_look_at(state: State, check: Check) -> None:
    await state.secrets.set("door", "hunter2")
    findings = check()
    assert _troubles(findings) == {}
    assert worst(findings) is Level.OK
    assert "1 sealed, all open" in [finding.message for finding in findings]


def test_no_state_is_no_fault(tmp_path: Path, clock: StillClock) -> None:
    findings = check_state(Checked(tmp_path / "none", {}, clock))
    assert worst(findings) is Level.OK
    assert "there is no state" in findings[0].message


async def test_looking_changes_nothing(folder: Path, keys: Keys, check: Check, clock: StillClock) -> None:
    async with State.open(folder, keys=keys, clock=clock):
        pass
    (folder / "state.db").chmod(0o644)
    before = {name: (folder / name).read_bytes() for name in ("key", "state.db")}
    findings = _troubles(check())
    assert findings["file-rights"].next == f"chmod 600 {folder / 'state.db'}"
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert os.stat(folder / "state.db").st_mode & 0o777 == 0o644


async def test_rights_that_others_have_are_told_one_by_one(state: State, folder: Path, check: Check) -> None:
    os.chmod(folder, 0o720)
    (folder / "key").chmod(0o640)
    found = [finding for finding in check() if finding.check in ("file-rights", "key") and finding.level is not Level.OK]
    assert [(f.level, f.next) for f in found if f.check == "file-rights"] == [
        (Level.WARN, f"chmod 700 {folder}"),
        (Level.FAIL, f"chmod 600 {folder / 'key'}"),
    ]
    assert [f.level for f in found if f.check == "key"] == [Level.FAIL]


async def test_files_of_another_user_are_told(state: State, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 4711)
    found = _troubles(check())
    if uid:  # files of root count as nobody's fault
        assert found["file-owner"].next.startswith("run trueup as that user")


async def test_a_damaged_page_is_found(folder: Path, keys: Keys, check: Check, clock: StillClock) -> None:
    async with State.open(folder, keys=keys, clock=clock) as state:
        await state.inventory.upsert([OwnedRow("Device/a", "person", str(n), label="x" * 500) for n in range(200)])
    content = bytearray((folder / "state.db").read_bytes())
    content[-8192:-4096] = b"\xff" * 4096
    (folder / "state.db").write_bytes(content)
    found = _troubles(check())["integrity"]
    assert found.level is Level.FAIL
    assert "damaged" in found.message


async def test_a_page_that_only_the_whole_check_sees_is_found(folder: Path, keys: Keys, check: Check, clock: StillClock) -> None:
    """An index that says something else than its table: too much work for every start, and found here."""
    async with State.open(folder, keys=keys, clock=clock) as state:
        await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'source, record', 'record, source') WHERE name = 'inventory_record'"
        )
        conn.execute("UPDATE sqlite_master SET rootpage = rootpage WHERE name = 'inventory_record'")
        conn.execute("PRAGMA writable_schema = RESET")
        conn.execute("UPDATE inventory SET entity_key = '2'")
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("UPDATE sqlite_master SET sql = replace(sql, '(resource, record, source)', '(record, resource, source)')")
    found = _troubles(check())["integrity"]
    assert found.next == "bring back a backup: trueup state restore FILE"


async def test_a_file_that_is_no_state_is_found(folder: Path, keys: Keys, check: Check) -> None:
    (folder / "state.db").write_text("something else altogether, and long enough to have a header" * 20)
    assert _troubles(check())["integrity"].level is Level.FAIL


async def test_another_key_is_found(state: State, folder: Path, check: Check) -> None:
    found = _troubles(check(environ={"TRUEUP_KEY": base64.b64encode(bytes(32)).decode()}))
    assert "not the key that the state" in found["key"].message


async def test_secrets_and_fingerprints_that_do_not_open_are_found(state: State, check: Check) -> None:
    await state.secrets.set("door", "hunter2")
    await state.store.write(lambda conn: conn.execute("UPDATE secrets SET sealed = x'01ff'").rowcount)
    await state.store.write(
        lambda conn: conn.execute("UPDATE workspace SET value = 'AAAA' WHERE name = 'fingerprint_key'").rowcount
    )
    found = _troubles(check())
    assert found["secrets"].next == "set it again: trueup secrets set door"
    assert "nothing that is ours can be compared" in found["fingerprints"].message


async def test_keys_that_a_rotation_left_are_told(
    folder: Path, keys: Keys, check: Check, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with State.open(folder, keys=keys, clock=clock) as state:
        with monkeypatch.context() as patch:
            patch.setattr(rotation, "exchange", lambda folder: None)
            await rotation.rotate(state, folder, from_environment=False, keep=True)
    shutil.copy(folder / "key", folder / keyring.LAST)
    found = _troubles(check())
    assert set(found) == {"new-key", "old-key"}
    assert "the next plan finishes the rotation" in found["new-key"].next


async def test_what_was_begun_and_never_ended_is_told_with_the_command(state: State, check: Check, clock: StillClock) -> None:
    await state.runs.start(RunRow("r1", "2026-11-22T11:00:00Z", host="gym", pid=4711), b"{}")
    await state.journal.begin(
        "r1", [Begun("1", "Device/a", "person", "1", "create", owned=OwnedRow("Device/a", "person", "1", PENDING))]
    )
    found = _troubles(check())
    assert found["unfinished"].next == "let a run look first: trueup apply --target Device/a"
    assert "trueup apply --resume r1" in found["open-run"].next
    assert "pending" not in found  # its entry in the journal speaks for it
    async with await acquire(state, "apply"):
        assert _troubles(check()) == {}
        assert any(f.check == "lease" and f.message.startswith("held: process") for f in check())


async def test_a_lease_whose_holder_is_gone_is_free(state: State, check: Check, clock: StillClock) -> None:
    lease = await acquire(state, "apply")
    clock.advance(3600)
    assert next(f.message for f in check() if f.check == "lease").startswith("free: process")
    await lease.release()


async def test_a_pending_row_without_a_journal_entry_is_told(state: State, check: Check) -> None:
    await state.inventory.upsert([OwnedRow("Device/a", "person", "1", PENDING)])
    assert "trueup state list Device/a --status pending" in _troubles(check())["pending"].next


async def test_what_no_spec_declares_is_told(state: State, check: Check) -> None:
    await state.inventory.upsert([OwnedRow("Device/gone", "person", "1")])
    found = _troubles(check(declared=lambda address: address != "Device/gone"))
    assert "trueup state forget Device/gone" in found["orphaned"].next
    assert "not known" in _troubles(check(declared=None))["orphaned"].message


async def test_what_is_remembered_from_the_future_tells_of_a_wrong_clock(state: State, check: Check, clock: StillClock) -> None:
    await state.runs.start(RunRow("r1", "2027-01-01T00:00:00Z"), b"{}")
    await state.runs.close("r1", "success", "")
    assert "the state remembers 2027-01-01T00:00:00Z" in _troubles(check())["time"].message


async def test_an_older_state_is_told(state: State, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.state.upkeep.checkup.migrations", lambda: dict.fromkeys(range(1, 10), ""))
    assert "this trueup writes 9" in _troubles(check())["version"].message


@pytest.mark.parametrize(("free", "level"), [(200_000_000, Level.OK), (50_000_000, Level.WARN), (1_000_000, Level.FAIL)])
async def test_little_room_is_told(state: State, check: Check, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**9, 0, free))
    (found,) = [finding for finding in check() if finding.check == "disk"]
    assert found.level is level


async def test_a_log_that_has_grown_is_told(state: State, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "_LARGE_LOG", 10)
    await state.secrets.set("door", "hunter2")
    assert "has grown to" in _troubles(check())["log-size"].message


@pytest.mark.parametrize(("count", "words"), [(0, "0 bytes"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (7.2e9, "7.2 GB")])
def test_sizes_are_said_for_people(count: float, words: str) -> None:
    assert surroundings.size(count) == words
