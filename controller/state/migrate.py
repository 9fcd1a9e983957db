"""Forward migrations: numbered scripts, each in one transaction with its version. There is no way back, by intention."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from controller.model.errors import StateUnusable
from controller.state.faults import damaged
from controller.state.statements import split, statements


def migrations() -> dict[int, str]:
    """Version to script, of every ``migrations/NNNN_*.sql``."""
    folder = resources.files("controller.state") / "migrations"
    scripts = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return {int(file.name.partition("_")[0]): file.read_text("utf-8") for file in sorted(scripts, key=lambda file: file.name)}


def version_of(conn: sqlite3.Connection) -> int:
    """The version of an open state, 0 when it holds none."""
    sql = statements("schema")
    if conn.execute(sql.has_version).fetchone() is None:
        return 0
    return int(conn.execute(sql.version).fetchone()[0] or 0)


def migrate(conn: sqlite3.Connection, now: str, scripts: Mapping[int, str] | None = None) -> int:
    """Bring a connection in autocommit mode to the newest version and return that. Safe when several processes do it at once."""
    known = migrations() if scripts is None else scripts
    for version in sorted(known):
        if version_of(conn) < version:
            _step(conn, version, known[version], now)
    return version_of(conn)


def _step(conn: sqlite3.Connection, version: int, script: str, now: str) -> None:
    conn.execute("BEGIN IMMEDIATE")
    try:
        if version_of(conn) < version:  # asked again now that nobody else can write
            for statement in split(script):
                conn.execute(statement)
            conn.execute(statements("schema").set_version, (version, now))
        conn.execute("COMMIT")
    except BaseException:
        conn.execute("ROLLBACK")
        raise


def check_version(conn: sqlite3.Connection, path: Path) -> int:
    """The version of a file that must be ours; raises StateUnusable for a stranger's file and for one of a newer trueup."""
    version, newest = version_of(conn), max(migrations())
    if not version:
        raise damaged(path, "it is a database, but not a state of trueup")
    if version > newest:
        raise StateUnusable(
            f"the state file {path} was written by a newer trueup (version {version} of the state, this one knows {newest})",
            hint="use that newer trueup; the file was left as it is",
        )
    return version
