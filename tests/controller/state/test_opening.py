"""The state file: made whole or not at all, told apart when it is damaged, newer, foreign, read-only or full, never overwritten."""

# ruff: noqa: ASYNC240 - paths of a test folder, nothing else runs on the loop

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from controller.model.errors import KeyUnusable, StateUnusable
from controller.sdk.context import Clock
from controller.state import opening
from controller.state.keys import Keys
from controller.state.migrate import migrate, migrations, version_of
from controller.state.rows import OwnedRow
from controller.state.statements import named, split
from controller.state.store import State

pytestmark = pytest.mark.anyio


async def _made(folder: Path, keys: Keys, clock: Clock, rows: int = 0) -> Path:
    async with State.open(folder, keys=keys, clock=clock) as state:
        await state.inventory.upsert([OwnedRow("Device/a", "person", str(n), label="x" * 50) for n in range(rows)])
    return folder / "state.db"


def _change(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(sql)


async def test_a_new_state_is_private_and_out_of_git(folder: Path, keys: Keys, clock: Clock) -> None:
    path = await _made(folder, keys, clock)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"
    assert sorted(p.name for p in folder.iterdir()) == [".gitignore", "state.db"]


async def test_a_state_keeps_its_workspace(folder: Path, keys: Keys, clock: Clock) -> None:
    assert not State.exists(folder)
    async with State.open(folder, keys=keys, clock=clock) as first:
        assert State.exists(folder)
        await first.integrity()
    async with State.open(folder, keys=keys, clock=clock) as second:
        assert second.workspace == first.workspace


async def test_writes_are_flushed_fully_to_a_write_ahead_log(state: State) -> None:
    pragmas = await state.store.read(
        lambda conn: (conn.execute("PRAGMA journal_mode").fetchone()[0], conn.execute("PRAGMA synchronous").fetchone()[0])
    )
    assert pragmas == ("wal", 2)


async def test_a_state_that_others_could_read_is_closed_to_them(folder: Path, keys: Keys, clock: Clock) -> None:
    path = await _made(folder, keys, clock)
    path.chmod(0o644)
    await _made(folder, keys, clock)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"this is no database, but it is longer than the header of one" * 20])
@pytest.mark.parametrize("read_only", [False, True])
async def test_a_file_that_is_no_database_is_left_as_it_is(
    folder: Path, keys: Keys, clock: Clock, content: bytes, read_only: bool
) -> None:
    folder.mkdir()
    (folder / "state.db").write_bytes(content)
    with pytest.raises(StateUnusable, match="damaged") as caught:
        State.open(folder, keys=keys, clock=clock, read_only=read_only)
    assert "--bootstrap" in caught.value.hint
    assert (folder / "state.db").read_bytes() == content


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_malformed_page_is_a_damaged_state(folder: Path, keys: Keys, clock: Clock, read_only: bool) -> None:
    path = await _made(folder, keys, clock, rows=2000)
    content = bytearray(path.read_bytes())
    content[4096 * 20 : 4096 * 60] = b"\xaa" * 4096 * 40
    path.write_bytes(content)
    with pytest.raises(StateUnusable, match="damaged"):
        State.open(folder, keys=keys, clock=clock, read_only=read_only)
    assert path.read_bytes() == content


async def test_damage_in_a_large_state_is_found_by_the_whole_check(
    folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await _made(folder, keys, clock, rows=2000)
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\xaa" * 4096
    path.write_bytes(content)
    monkeypatch.setattr(opening, "_QUICK_CHECK_BYTES", 0)
    async with State.open(folder, keys=keys, clock=clock) as state:
        with pytest.raises(StateUnusable, match="damaged"):
            await state.integrity()


async def test_a_database_of_another_program_is_refused(folder: Path, keys: Keys, clock: Clock) -> None:
    folder.mkdir()
    _change(folder / "state.db", "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StateUnusable, match="not a state of trueup"):
        State.open(folder, keys=keys, clock=clock)


async def test_a_state_without_a_workspace_is_damaged(folder: Path, keys: Keys, clock: Clock) -> None:
    _change(await _made(folder, keys, clock), "DELETE FROM workspace WHERE name = 'workspace'")
    with pytest.raises(StateUnusable, match="names no workspace"):
        State.open(folder, keys=keys, clock=clock)


async def test_a_state_that_lost_a_table_is_unusable(folder: Path, keys: Keys, clock: Clock) -> None:
    _change(await _made(folder, keys, clock), "DROP TABLE workspace")
    with pytest.raises(StateUnusable, match="cannot be used"):
        State.open(folder, keys=keys, clock=clock)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_state_of_a_newer_trueup_is_left_as_it_is(folder: Path, keys: Keys, clock: Clock, read_only: bool) -> None:
    path = await _made(folder, keys, clock)
    _change(path, "INSERT INTO schema_version VALUES (999, '')")
    content = path.read_bytes()
    with pytest.raises(StateUnusable, match="newer trueup"):
        State.open(folder, keys=keys, clock=clock, read_only=read_only)
    assert path.read_bytes() == content


async def test_another_key_is_told_at_once(folder: Path, keys: Keys, other_keys: Keys, clock: Clock) -> None:
    await _made(folder, keys, clock)
    for read_only in (False, True):
        with pytest.raises(KeyUnusable, match="not the key"):
            State.open(folder, keys=other_keys, clock=clock, read_only=read_only)


async def test_a_state_opened_without_a_key_takes_the_first_one_later(
    folder: Path, keys: Keys, other_keys: Keys, clock: Clock
) -> None:
    async with State.open(folder, keys=None, clock=clock):
        pass
    async with State.open(folder, keys=other_keys, clock=clock, read_only=True):
        pass  # reading settles nothing
    await _made(folder, keys, clock)
    with pytest.raises(KeyUnusable):
        State.open(folder, keys=other_keys, clock=clock)


async def test_a_file_without_write_permission_is_read_only(folder: Path, keys: Keys, clock: Clock) -> None:
    path = await _made(folder, keys, clock, rows=3)
    path.chmod(0o400)
    with pytest.raises(StateUnusable, match="is read-only") as caught:
        State.open(folder, keys=keys, clock=clock)
    assert "chmod u+w" in caught.value.hint
    async with State.open(folder, keys=keys, clock=clock, read_only=True) as state:
        assert len(await state.inventory.index("Device/a", "person")) == 3


async def test_reading_only_never_writes(folder: Path, keys: Keys, clock: Clock) -> None:
    await _made(folder, keys, clock)
    async with State.open(folder, keys=keys, clock=clock, read_only=True) as state:
        with pytest.raises(StateUnusable, match="reading only"):
            await state.inventory.upsert([])
        with pytest.raises(StateUnusable, match="cannot be written"):
            await state.store.read(lambda conn: conn.execute("DELETE FROM inventory"))


async def test_reading_sees_what_a_writer_has_not_checkpointed_yet(state: State, folder: Path, keys: Keys, clock: Clock) -> None:
    await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])
    async with State.open(folder, keys=keys, clock=clock, read_only=True) as reader:
        assert await reader.inventory.index("Device/a", "person") == {"1": "owned"}


async def test_a_folder_that_cannot_be_written_is_read_from_a_copy(
    folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _made(folder, keys, clock, rows=3)
    _refuse_in_place(monkeypatch)
    async with State.open(folder, keys=keys, clock=clock, read_only=True) as state:
        assert len(await state.inventory.index("Device/a", "person")) == 3
        with pytest.raises(StateUnusable):
            await state.store.read(lambda conn: conn.execute("DELETE FROM inventory"))


async def test_a_copy_is_not_taken_while_the_state_is_in_use(
    state: State, folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])
    _refuse_in_place(monkeypatch)
    with pytest.raises(StateUnusable, match="is in use"):
        State.open(folder, keys=keys, clock=clock, read_only=True)


def _refuse_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """What SQLite does with a WAL file in a folder where it may make no file beside it."""

    def refuse(conn: sqlite3.Connection, path: Path) -> None:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr(opening, "_quick_check", refuse)


async def test_a_state_that_does_not_exist_cannot_be_read(folder: Path, keys: Keys, clock: Clock) -> None:
    with pytest.raises(StateUnusable, match="no state in"):
        State.open(folder, keys=keys, clock=clock, read_only=True)


async def test_an_impossible_folder_is_a_clear_error(tmp_path: Path, keys: Keys, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnusable, match="cannot be used"):
        State.open(tmp_path / "file" / ".trueup", keys=keys, clock=clock)


async def test_a_disk_error_while_reading_is_a_clear_error(
    folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _made(folder, keys, clock)

    def broken(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(opening, "_refuse_empty", broken)
    with pytest.raises(StateUnusable, match="Input/output error"):
        State.open(folder, keys=keys, clock=clock, read_only=True)


async def test_a_locked_state_says_so(folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await _made(folder, keys, clock)
    async with State.open(folder, keys=keys, clock=clock) as state:
        await state.store.read(lambda conn: conn.execute("PRAGMA busy_timeout = 1"))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateUnusable, match="locked by another program"):
                await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])
            other.execute("ROLLBACK")
        await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])


async def test_a_full_disk_keeps_what_was_there_and_recovers(state: State) -> None:
    await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])
    await state.store.read(lambda conn: conn.execute("PRAGMA max_page_count = 1").fetchall())
    with pytest.raises(StateUnusable, match="the disk is full") as caught:
        await state.inventory.upsert([OwnedRow("Device/a", "person", str(n), label="x" * 500) for n in range(5000)])
    assert "free some space" in caught.value.hint
    await state.store.read(lambda conn: conn.execute("PRAGMA max_page_count = 100000").fetchall())
    assert await state.inventory.index("Device/a", "person") == {"1": "owned"}
    await state.inventory.upsert([OwnedRow("Device/a", "person", "2")])


async def test_of_two_that_make_a_state_at_once_one_wins(
    folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with State.open(folder, keys=keys, clock=clock) as first:
        workspace = first.workspace
    monkeypatch.setattr(Path, "exists", lambda self: False)  # the other one looked before the file was there
    async with State.open(folder, keys=keys, clock=clock) as second:
        assert second.workspace == workspace


async def test_a_file_system_without_links_will_do(folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    path = await _made(folder, keys, clock, rows=1)
    other = folder / "other.db"
    other.write_bytes(b"x")
    opening._put_in_place(other, path)
    assert other.read_bytes() == b"x"
    await _made(folder, keys, clock)


async def test_a_state_that_fails_while_it_is_made_leaves_nothing(
    folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(conn: sqlite3.Connection, now: str) -> None:
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr(opening, "migrate", fail)
    with pytest.raises(StateUnusable):
        State.open(folder, keys=keys, clock=clock)
    assert [p.name for p in folder.iterdir()] == [".gitignore"]


async def test_migrations_lead_from_nothing_to_the_newest_and_stay_there() -> None:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        assert version_of(conn) == 0
        assert migrate(conn, "now") == max(migrations())
        before = conn.execute("SELECT * FROM schema_version").fetchall()
        assert migrate(conn, "later") == max(migrations())
        assert conn.execute("SELECT * FROM schema_version").fetchall() == before


async def test_a_later_migration_is_applied_once_and_keeps_the_rows() -> None:
    scripts = migrations() | {900: "-- more\nALTER TABLE events ADD COLUMN colour TEXT;\nUPDATE events SET colour = 'red';\n"}
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn, "now")
        conn.execute("INSERT INTO events (happened_at, type, subject, message, severity) VALUES ('', '', '', 'kept', '')")
        assert migrate(conn, "now", scripts) == migrate(conn, "now", scripts) == 900
        assert conn.execute("SELECT message, colour FROM events").fetchall() == [("kept", "red")]


async def test_a_migration_that_fails_changes_nothing() -> None:
    scripts = migrations() | {900: "CREATE TABLE half (a TEXT);\nCREATE TABLE half (a TEXT);\n"}
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn, "now")
        with pytest.raises(sqlite3.OperationalError):
            migrate(conn, "now", scripts)
        assert version_of(conn) == max(migrations())
        assert conn.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []


async def test_every_time_a_state_is_opened_it_is_migrated(
    folder: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _made(folder, keys, clock)
    scripts = migrations() | {2: "CREATE TABLE later (a TEXT);\n"}
    monkeypatch.setattr("controller.state.migrate.migrations", lambda: scripts)
    async with State.open(folder, keys=keys, clock=clock) as state:
        assert await state.store.read(version_of) == 2


def test_a_statement_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        named("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n")


def test_scripts_are_split_where_statements_end() -> None:
    assert split("CREATE TABLE a (b TEXT DEFAULT ';');\nSELECT 1;\n-- the end\n") == [
        "CREATE TABLE a (b TEXT DEFAULT ';');", "SELECT 1;",
    ]  # fmt: skip
