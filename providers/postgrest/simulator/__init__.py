"""A PostgREST server with tables in memory, faithful to what was measured, for tests, examples and ``trueup simulate``.

Never imported by provider.py or client.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.sdk.simulation import AsgiApp
from providers.postgrest.simulator.server import Quirks, Relation, Server
from providers.postgrest.simulator.storage import Bucket

__all__ = ["Bucket", "Quirks", "Relation", "Server", "simulate"]


def simulate(options: Mapping[str, Any]) -> AsgiApp:
    """The app for ``trueup simulate``: ``tables`` (a JSON file of table name to rows, or the same inline), ``relations`` (lists of
    child, column, parent), ``buckets`` (name to {folder, public}), key, token, jwt_secret, and every quirk by its name.

    Raises TypeError for an option it does not know, ValueError for a folder that is not there.
    """
    given = dict(options)
    tables = given.pop("tables", {})
    if isinstance(tables, str):
        tables = json.loads(Path(tables).read_text(encoding="utf-8"))
    relations = [
        Relation(*relation) if isinstance(relation, list) else Relation(**relation) for relation in given.pop("relations", [])
    ]
    buckets = {
        name: Bucket.of_folder(Path(words["folder"]), public=bool(words.get("public")))
        for name, words in given.pop("buckets", {}).items()
    }
    key, token, secret = given.pop("key", None), given.pop("token", None), str(given.pop("jwt_secret", ""))
    server = Server(
        {name: list(rows) for name, rows in tables.items()},
        relations,
        None if key is None else str(key),
        () if token is None else (str(token),),
        secret,
        Quirks(**given),
        buckets=buckets,
    )
    return server.app
