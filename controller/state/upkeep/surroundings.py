"""The files that the state lives in: who may read them, how large the log beside it is, how much room there is. Looks only."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from controller.state.keys import FILE as KEY
from controller.state.keys import LAST, NEXT
from controller.state.opening import FILE
from controller.state.upkeep.finding import Finding, fail, fine, warn

_LARGE_LOG = 64 * 1024 * 1024
_LITTLE = 100 * 1024 * 1024  # free bytes below which a backup or a large run may not fit
_NONE = 5 * 1024 * 1024


def size(count: float) -> str:
    """Bytes for people: ``1.2 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def rights(folder: Path) -> Iterator[Finding]:
    """Whether others may read or write the state, the key and what lies beside them."""
    loose, foreign = [], []
    for path in (folder, *(folder / name for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", KEY, NEXT, LAST))):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        # a folder that others may list shows them names only; one that they may write lets them exchange the files
        if stat.S_IMODE(found.st_mode) & (0o022 if path == folder else 0o077):
            loose.append(path)
        if found.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            foreign.append(path)
    for path in loose:
        mode = "700" if path == folder else "600"
        others = f"others may use {path} (mode {stat.S_IMODE(path.stat().st_mode):04o})"
        yield (fail if path.name in (KEY, NEXT, LAST) else warn)("file-rights", others, f"chmod {mode} {path}")
    for path in foreign:
        yield warn("file-owner", f"{path} belongs to another user", f"run trueup as that user, or: chown -R $(id -u) {folder}")
    if not loose and not foreign:
        yield fine("file-rights", "state and key are readable by their owner alone")


def log_size(folder: Path) -> Finding:
    """SQLite's write-ahead log grows while somebody reads without end; everything in it is safe."""
    path = folder / f"{FILE}-wal"
    used = path.stat().st_size if path.exists() else 0
    if used <= _LARGE_LOG:
        return fine("log-size", f"{size(used)} in the log beside the state")
    return warn(
        "log-size", f"the log {path} has grown to {size(used)}", "end what has the state open; the next `trueup plan` empties it"
    )


def room(folder: Path) -> Finding:
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free > _LITTLE:
        return fine("disk", f"{size(free)} free")
    return (warn if free > _NONE else fail)(
        "disk", f"only {size(free)} free where the state lies", "free some space before the next run"
    )
