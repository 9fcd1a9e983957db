"""Backups: one moment of the state whoever writes meanwhile, whole, private, and never over something else; and the way back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from controller.model.errors import KeyUnusable, LeaseHeld, StateUnusable, TrueupError, UsageError
from controller.state.keys import Keys
from controller.state.lease import acquire, holder_of
from controller.state.rows import OwnedRow
from controller.state.store import State
from controller.state.upkeep import backup as backups
from controller.state.upkeep import restore as restoring
from controller.state.upkeep.backup import backup
from controller.state.upkeep.restore import examine, restore

if TYPE_CHECKING:
    from tests.controller.state.conftest import StillClock

pytestmark = pytest.mark.anyio


def _rows(resource: str, *keys: str) -> list[OwnedRow]:
    return [OwnedRow(resource, "person", key) for key in keys]


async def test_a_backup_holds_what_the_state_held(state: State, folder: Path, tmp_path: Path, clock: StillClock) -> None:
    await state.inventory.upsert(_rows("Device/a", "1", "2"))
    made = backup(folder, tmp_path / "copy.db", clock)
    assert (made.path, made.resources, made.entities) == (str(tmp_path / "copy.db"), 1, 2)
    assert made.workspace == state.workspace
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == [".trueup", "copy.db"]


async def test_a_backup_is_one_moment_while_another_writes(state: State, folder: Path, tmp_path: Path, clock: StillClock) -> None:
    """Each write adds a row to two resources at once: a copy with different counts would be torn."""

    async def write() -> None:
        for number in range(400):
            await state.inventory.upsert([*_rows("Device/a", str(number)), *_rows("Device/b", str(number))])

    writing = asyncio.ensure_future(write())
    counts = []
    for number in range(8):
        await asyncio.sleep(0.01)
        await asyncio.to_thread(backup, folder, tmp_path / f"{number}.db", clock)
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as conn:
            counts.append(
                [
                    conn.execute("SELECT COUNT(*) FROM inventory WHERE resource = ?", (n,)).fetchone()[0]
                    for n in ("Device/a", "Device/b")
                ]
            )
    await writing
    assert all(one == other for one, other in counts)
    assert counts[0] < counts[-1]


async def test_a_folder_gets_a_name_with_the_time(state: State, folder: Path, tmp_path: Path, clock: StillClock) -> None:
    assert backup(folder, tmp_path, clock).path == str(tmp_path / "trueup-state-20261122T120000Z.db")


async def test_without_a_place_it_stands_here(
    state: State, folder: Path, tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (tmp_path / backup(folder, None, clock).path).is_file()


async def test_nothing_is_replaced_unless_that_is_said(state: State, folder: Path, tmp_path: Path, clock: StillClock) -> None:
    place = tmp_path / "copy.db"
    place.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        backup(folder, place, clock)
    assert place.read_text() == "mine"
    backup(folder, place, clock, force=True)
    assert place.read_bytes().startswith(b"SQLite")


async def test_what_appears_meanwhile_is_not_replaced_either(
    state: State, folder: Path, tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, look = tmp_path / "copy.db", backups.look

    def late(*given: Path) -> backups.Copied:
        place.write_text("mine")
        return look(*given)

    monkeypatch.setattr(backups, "look", late)
    with pytest.raises(UsageError, match="is there already"):
        backup(folder, place, clock)
    assert place.read_text() == "mine"


async def test_where_there_are_no_links_it_is_renamed(
    state: State, folder: Path, tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*given: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", unsupported)
    backup(folder, tmp_path / "copy.db", clock)
    assert (tmp_path / "copy.db").is_file()


@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "key"])
async def test_the_state_itself_is_no_place(state: State, folder: Path, clock: StillClock, name: str) -> None:
    with pytest.raises(UsageError, match="part of the state"):
        backup(folder, folder / name, clock, force=True)


async def test_a_folder_that_is_not_there_is_no_place(state: State, folder: Path, tmp_path: Path, clock: StillClock) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        backup(folder, tmp_path / "none" / "copy.db", clock)


async def test_a_full_disk_leaves_nothing_behind(
    state: State, folder: Path, tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "sync", full)
    with pytest.raises(TrueupError, match="No space left"):
        backup(folder, tmp_path / "copy.db", clock)
    assert os.listdir(tmp_path) == [".trueup"]


async def test_a_disk_that_is_full_while_copying_is_that_of_the_backup(
    state: State, folder: Path, tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def narrow(path: Path, **given: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(path, **given)
        if str(path).startswith(str(tmp_path / ".copy")):
            made.execute("PRAGMA max_page_count = 1")
        return made

    monkeypatch.setattr(sqlite3, "connect", narrow)
    with pytest.raises(TrueupError, match=r"could not be written to .*No space left"):
        backup(folder, tmp_path / "copy.db", clock)
    assert os.listdir(tmp_path) == [".trueup"]


async def test_a_copy_that_is_not_whole_never_gets_its_name(
    state: State, folder: Path, tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = backups.copy

    def torn(source: Path, draft: Path) -> None:
        copy(source, draft)
        content = bytearray(draft.read_bytes())
        content[8192:12288] = b"\xff" * 4096
        draft.write_bytes(content)

    monkeypatch.setattr(backups, "copy", torn)
    with pytest.raises(StateUnusable, match="is damaged"):
        backup(folder, tmp_path / "copy.db", clock)
    assert os.listdir(tmp_path) == [".trueup"]


def test_without_a_state_there_is_nothing_to_copy(folder: Path, tmp_path: Path, clock: StillClock) -> None:
    with pytest.raises(StateUnusable, match="no state in"):
        backup(folder, tmp_path / "copy.db", clock)


# -- the way back --------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def copied(folder: Path, tmp_path: Path, keys: Keys, clock: StillClock) -> Path:
    """A backup with one person, and a state that has two since; nobody has it open."""
    async with State.open(folder, keys=keys, clock=clock) as state:
        await state.inventory.upsert(_rows("Device/a", "1"))
        async with await acquire(state, "apply"):
            backup(folder, tmp_path / "copy.db", clock)  # a lease is held in it
        async with await acquire(state, "apply"):
            await state.inventory.upsert(_rows("Device/a", "2"))
    return tmp_path / "copy.db"


async def _people(folder: Path, keys: Keys, clock: StillClock) -> set[str]:
    async with State.open(folder, keys=keys, clock=clock) as state:
        return set(await state.inventory.index("Device/a", "person"))


async def test_a_backup_becomes_the_state_and_the_one_before_is_kept(
    copied: Path, folder: Path, keys: Keys, clock: StillClock
) -> None:
    assert examine(copied, folder, keys).entities == 1
    done = restore(copied, folder, clock)
    assert done.kept == str(folder / "state.db.replaced-20261122T120000Z")
    assert await _people(folder, keys, clock) == {"1"}
    assert copied.name in os.listdir(copied.parent)
    with closing(sqlite3.connect(done.kept)) as conn:
        assert conn.execute("SELECT COUNT(*) FROM inventory").fetchone() == (2,)
    async with State.open(folder, keys=keys, clock=clock) as state:
        holder = await holder_of(state, "apply")
        assert holder is not None
        assert (holder.holder, holder.fencing) == ("", 3)  # above every number that was ever given out


async def test_a_damaged_state_is_replaced_and_kept(copied: Path, folder: Path, keys: Keys, clock: StillClock) -> None:
    (folder / "state.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    (folder / "state.db-wal").write_bytes(b"whatever")
    examine(copied, folder, keys)
    done = restore(copied, folder, clock)
    assert await _people(folder, keys, clock) == {"1"}
    assert "state.db-wal" not in os.listdir(folder)
    assert os.path.basename(done.kept) in os.listdir(folder)


async def test_a_backup_can_be_the_first_state(copied: Path, tmp_path: Path, keys: Keys, clock: StillClock) -> None:
    examine(copied, tmp_path / "new", keys)
    assert restore(copied, tmp_path / "new", clock).kept == ""
    assert await _people(tmp_path / "new", keys, clock) == {"1"}


async def test_nothing_is_replaced_while_somebody_applies(copied: Path, folder: Path, keys: Keys, clock: StillClock) -> None:
    async with State.open(folder, keys=keys, clock=clock) as state, await acquire(state, "apply"):
        with pytest.raises(LeaseHeld, match="another trueup works with this state"):
            restore(copied, folder, clock)
    assert await _people(folder, keys, clock) == {"1", "2"}


async def test_nothing_is_replaced_while_it_is_open_elsewhere(copied: Path, folder: Path, keys: Keys, clock: StillClock) -> None:
    async with State.open(folder, keys=keys, clock=clock) as state:
        await state.inventory.resources()
        with pytest.raises(StateUnusable, match="open in another program"):
            restore(copied, folder, clock)
        await state.inventory.upsert(_rows("Device/a", "3"))
    assert await _people(folder, keys, clock) == {"1", "2", "3"}


async def test_a_disk_that_fails_leaves_the_state_as_it_was(
    copied: Path, folder: Path, keys: Keys, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "sync", full)
        with pytest.raises(TrueupError, match="No space left"):
            restore(copied, folder, clock)
    assert await _people(folder, keys, clock) == {"1", "2"}
    assert [name for name in os.listdir(folder) if name.startswith(".state")] == []


async def test_what_is_no_backup_of_this_workspace_is_refused(
    copied: Path, folder: Path, tmp_path: Path, keys: Keys, other_keys: Keys, clock: StillClock
) -> None:
    with pytest.raises(UsageError, match="there is no backup"):
        examine(tmp_path / "none.db", folder, keys)
    with pytest.raises(UsageError, match="is the state itself"):
        examine(folder / "state.db", folder, keys)
    with pytest.raises(KeyUnusable, match="another key than that of today"):
        examine(copied, folder, other_keys)
    (tmp_path / "text.db").write_text("no database at all, whatever its name says")
    with pytest.raises(StateUnusable, match="damaged"):
        examine(tmp_path / "text.db", folder, keys)
    async with State.open(tmp_path / "other", keys=keys, clock=clock):
        pass
    with pytest.raises(UsageError, match="backup of another workspace"):
        examine(copied, tmp_path / "other", keys)
    copied.with_name("copy.db-wal").write_bytes(b"the rest of it")
    with pytest.raises(UsageError, match="the copy of a state in use"):
        examine(copied, folder, keys)
