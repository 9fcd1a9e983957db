"""A new key: everything sealed opens with it, fingerprints stay, and a kill at any step leaves one key that works."""

from __future__ import annotations

import base64
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.model.errors import KeyUnusable, LeaseLost, UsageError
from controller.model.outcome import Outcome, Status
from controller.sdk.context import SystemClock
from controller.state.keys import Keys, create_key, load_keys, read_key
from controller.state.lease import acquire, holder_of
from controller.state.rows import Begun, Finished
from controller.state.store import State
from controller.state.upkeep import rotation
from controller.state.upkeep.rotation import rotate, settle

if TYPE_CHECKING:
    from tests.controller.state.conftest import StillClock

pytestmark = pytest.mark.anyio


async def _fill(state: State) -> str:
    """Two secrets, a change that ended and one that did not; a fingerprint to compare with later."""
    await state.secrets.set("door", "hunter2")
    await state.secrets.set("desk", "swordfish")
    entries = [
        Begun(n, "Device/a", "person", n, "update", before=state.journal.seal_before("r", n, b"as it was " + n.encode()))
        for n in "12"
    ]
    await state.journal.begin("r", [*entries, Begun("3", "Device/a", "person", "3", "create")])
    done = Outcome("1", "Device/a", "person", "1", "update", Status.DONE)
    await state.journal.finish("r", [Finished(done)])
    return _keys(state).fingerprint(b"4711")


def _keys(state: State) -> Keys:
    assert state.keys is not None
    return state.keys


async def _must_be_whole(folder: Path, fingerprint: str, clock: StillClock | SystemClock) -> None:
    keys = settle(folder) or load_keys(folder, {})
    async with State.open(folder, keys=keys, clock=clock) as state:
        assert await state.secrets.get("door") == "hunter2"
        assert await state.secrets.get("desk") == "swordfish"
        (left, created) = await state.journal.unfinished()
        assert state.journal.open_before(left) == b"as it was 2"
        assert created.before == b""
        assert _keys(state).fingerprint(b"4711") == fingerprint


async def test_everything_opens_with_the_new_key_and_fingerprints_stay(folder: Path, clock: StillClock) -> None:
    old = create_key(folder)
    before = (folder / "key").read_bytes()
    async with State.open(folder, keys=old, clock=clock) as state:
        fingerprint = await _fill(state)
        async with await acquire(state, "apply"):
            done = await rotate(state, folder, from_environment=False)
    assert (done.secrets, done.images, done.damaged, done.kept) == (2, 2, 0, "")
    assert (folder / "key").read_bytes() != before
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert set(os.listdir(folder)) == {"key", "state.db", ".gitignore"}
    await _must_be_whole(folder, fingerprint, clock)
    with pytest.raises(KeyUnusable, match="the key was rotated at 2026-11-22T12:00:00Z") as caught:
        State.open(folder, keys=old, clock=clock)
    assert "beside the state" in caught.value.hint


async def test_nothing_that_the_old_key_sealed_stays_in_the_files(folder: Path, clock: StillClock) -> None:
    old = create_key(folder)
    async with State.open(folder, keys=old, clock=clock) as state:
        await _fill(state)
        with closing(sqlite3.connect(folder / "state.db")) as conn:
            sealed = [
                row[0] for row in conn.execute("SELECT sealed FROM secrets UNION ALL SELECT before_image FROM journal") if row[0]
            ]
        await rotate(state, folder, from_environment=False)
    content = b"".join((folder / name).read_bytes() for name in os.listdir(folder))
    assert len(sealed) == 4
    assert [blob for blob in sealed if blob[1:] in content] == []


async def test_a_second_rotation_works_as_the_first(folder: Path, clock: StillClock) -> None:
    async with State.open(folder, keys=create_key(folder), clock=clock) as state:
        fingerprint = await _fill(state)
        await rotate(state, folder, from_environment=False)
    async with State.open(folder, keys=load_keys(folder, {}), clock=clock) as state:
        await rotate(state, folder, from_environment=False)
    await _must_be_whole(folder, fingerprint, clock)


async def test_the_old_key_can_be_kept_for_old_backups(folder: Path, clock: StillClock) -> None:
    old = create_key(folder)
    async with State.open(folder, keys=old, clock=clock) as state:
        done = await rotate(state, folder, from_environment=False, keep=True)
    assert done.kept == str(folder / "key.old")
    assert read_key(folder / "key.old").sign(b"x") == old.sign(b"x")
    async with State.open(folder, keys=load_keys(folder, {}), clock=clock) as state:
        with pytest.raises(UsageError, match="an older key is still there"):
            await rotate(state, folder, from_environment=False)


async def test_a_key_from_the_environment_is_exchanged_through_a_file(folder: Path, clock: StillClock) -> None:
    text = base64.b64encode(bytes(range(32))).decode()
    async with State.open(folder, keys=load_keys(folder, {"TRUEUP_KEY": text}), clock=clock) as state:
        fingerprint = await _fill(state)
        done = await rotate(state, folder, from_environment=True)
    assert done.key == str(folder / "key.new")
    assert not (folder / "key").exists()
    with pytest.raises(KeyUnusable, match="rotated") as caught:
        State.open(folder, keys=load_keys(folder, {"TRUEUP_KEY": text}), clock=clock)
    assert str(folder / "key.new") in caught.value.hint
    new = load_keys(folder, {"TRUEUP_KEY": (folder / "key.new").read_text()})
    async with State.open(folder, keys=new, clock=clock) as state:
        assert _keys(state).fingerprint(b"4711") == fingerprint
        with pytest.raises(UsageError, match="still lies in"):
            await rotate(state, folder, from_environment=True)


async def test_a_secret_that_does_not_open_stops_it_before_anything_changed(folder: Path, clock: StillClock) -> None:
    async with State.open(folder, keys=create_key(folder), clock=clock) as state:
        await _fill(state)
        await state.store.write(lambda conn: conn.execute("UPDATE secrets SET sealed = x'01ff' WHERE name = 'door'").rowcount)
        with pytest.raises(KeyUnusable, match="'door' does not open") as caught:
            await rotate(state, folder, from_environment=False)
        assert "secrets set door" in caught.value.hint
        assert await state.secrets.get("desk") == "swordfish"
        await state.secrets.remove("door")
        assert (await rotate(state, folder, from_environment=False)).secrets == 1


async def test_a_damaged_before_image_is_counted_and_stays(folder: Path, clock: StillClock) -> None:
    async with State.open(folder, keys=create_key(folder), clock=clock) as state:
        await _fill(state)
        await state.store.write(
            lambda conn: conn.execute("UPDATE journal SET before_image = x'01ff' WHERE change_id = '2'").rowcount
        )
        done = await rotate(state, folder, from_environment=False)
    assert (done.images, done.damaged) == (1, 1)


async def test_whoever_lost_the_lease_exchanges_nothing(folder: Path, clock: StillClock) -> None:
    async with State.open(folder, keys=create_key(folder), clock=clock) as state:
        fingerprint = await _fill(state)
        async with await acquire(state, "apply"):
            await state.store.write(lambda conn: conn.execute("UPDATE leases SET fencing = fencing + 1").rowcount)
            with pytest.raises(LeaseLost):
                await rotate(state, folder, from_environment=False)
    await _must_be_whole(folder, fingerprint, clock)


async def test_a_process_that_still_has_the_old_key_seals_nothing_more(folder: Path, clock: StillClock) -> None:
    keys = create_key(folder)
    async with State.open(folder, keys=keys, clock=clock) as slow, State.open(folder, keys=keys, clock=clock) as state:
        await rotate(state, folder, from_environment=False)
        with pytest.raises(KeyUnusable, match="was rotated at 2026-11-22T12:00:00Z, after this began"):
            await slow.secrets.set("late", "x")
        with pytest.raises(KeyUnusable, match="nothing was done") as caught:
            await acquire(slow, "apply")  # as an apply does that waited until the rotation was over
        assert caught.value.hint == "run it again"
        assert await holder_of(state, "apply") is None
    async with State.open(folder, keys=load_keys(folder, {}), clock=clock) as state:
        assert await state.secrets.names() == []


async def test_without_a_key_there_is_nothing_to_exchange(folder: Path, clock: StillClock) -> None:
    async with State.open(folder, keys=None, clock=clock) as state:
        with pytest.raises(KeyUnusable, match="without the key of today"):
            await rotate(state, folder, from_environment=False)


async def test_the_new_key_serves_where_the_folder_cannot_be_written(
    folder: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with State.open(folder, keys=create_key(folder), clock=clock) as state:
        fingerprint = await _fill(state)
        with monkeypatch.context() as patch:
            patch.setattr(rotation, "exchange", lambda folder: None)
            await rotate(state, folder, from_environment=False)

    def forbidden(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rotation, "exchange", forbidden)
    await _must_be_whole(folder, fingerprint, clock)


def test_a_broken_new_key_is_no_key(folder: Path, clock: StillClock) -> None:
    keys = create_key(folder)
    State.open(folder, keys=keys, clock=clock)
    (folder / "key.new").write_text("half")
    (folder / "key.new").chmod(0o600)
    assert settle(folder) is None


STEPS = """
import asyncio, os, signal, sys
from pathlib import Path
from controller.sdk.context import SystemClock
from controller.state.keys import load_keys
from controller.state.lease import acquire, holder_of
from controller.state.store import State
from controller.state.upkeep import rotation

def count_steps(kill_at):
    seen = 0
    def step():
        nonlocal seen
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
    def around(place, name):
        plain = getattr(place, name)
        def stepped(*given, **named):
            step()
            result = plain(*given, **named)
            step()
            return result
        setattr(place, name, stepped)
    for place, names in ((os, "open fsync link"), (Path, "replace unlink"), (rotation, "_secrets _images hand_over")):
        for name in names.split():
            around(place, name)

async def main(folder, kill_at):
    async with State.open(folder, keys=load_keys(folder, {}), clock=SystemClock()) as state, await acquire(state, "apply"):
        count_steps(kill_at)
        await rotation.rotate(state, folder, from_environment=False)

for folder in sorted(Path(sys.argv[1]).iterdir()):
    child = os.fork()
    if not child:
        asyncio.run(main(folder, int(folder.name)))
        os._exit(0)
    print(folder.name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
MORE_THAN_THERE_ARE = 40


async def test_killed_at_any_step_one_key_on_the_disk_opens_everything(tmp_path: Path) -> None:
    """Each folder's name is the step at which its process is killed; the last ones come to the end."""
    clock, fingerprints = SystemClock(), {}
    for step in range(MORE_THAN_THERE_ARE):
        folder = tmp_path / f"{step:02}"
        async with State.open(folder, keys=create_key(folder), clock=clock) as state:
            fingerprints[folder] = await _fill(state)
    said = subprocess.run(  # noqa: ASYNC221 - nothing else runs meanwhile
        [sys.executable, "-c", STEPS, str(tmp_path)],
        capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=60, check=True,
    )  # fmt: skip
    ends = [int(line.split()[1]) for line in said.stdout.splitlines()]
    killed = ends.count(-signal.SIGKILL)
    assert ends == [-signal.SIGKILL] * killed + [0] * (MORE_THAN_THERE_ARE - killed)
    assert 20 < killed < MORE_THAN_THERE_ARE, said.stderr
    for folder, fingerprint in fingerprints.items():
        await _must_be_whole(folder, fingerprint, clock)
        (folder / "key.old").unlink(missing_ok=True)
        async with State.open(folder, keys=load_keys(folder, {}), clock=clock) as state:
            await rotate(state, folder, from_environment=False)  # and again, over whatever was left
        await _must_be_whole(folder, fingerprint, clock)
