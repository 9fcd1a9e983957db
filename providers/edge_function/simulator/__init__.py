"""The employees' edge function with its oddities (facts/angajati.md 3.1), for tests, examples and ``trueup simulate``.

Never imported by provider.py or client.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from controller.sdk.simulation import Answer, AsgiApp, AsgiScope, Faults, Receive, Send, send_answer

Row = dict[str, Any]
_JSON = ((b"content-type", b"application/json"),)
_PLATFORM_401 = {"code": 401, "message": "Missing authorization header"}


@dataclass
class Quirks:
    """What was seen, each off by default."""

    platform_401: bool = False  # the platform wants a token before it asks the function
    no_data: bool = False  # 200 without ``data``
    data_null: bool = False
    photo_key: str = "signed_url"  # or signedUrl, url; "nested" puts it under ``data``


@dataclass
class Function:
    """``employees`` and ``devices`` are rows as the database has them; status decides who is handed out."""

    employees: list[Row] = field(default_factory=list)
    devices: list[Row] = field(default_factory=list)
    key: str = "bridge-key"
    anon_key: str = "anon-key"
    photos: str = ""  # address in front of a photo's path, for signed URLs
    path: str = "/functions/v1/external-api-proxy"
    quirks: Quirks = field(default_factory=Quirks)
    faults: Faults = field(default_factory=Faults)

    @property
    def app(self) -> AsgiApp:
        return self.faults.wrap(self._answer)

    async def _answer(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send_answer(send, self._answered(scope))

    def _answered(self, scope: AsgiScope) -> Answer:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"].rstrip("/") != self.path:
            return _json(404, {"code": "NOT_FOUND", "message": "Requested function was not found"})
        if self.quirks.platform_401 and headers.get("authorization") != f"Bearer {self.anon_key}":
            return _json(401, _PLATFORM_401)
        if headers.get("x-api-key") != self.key:
            return _json(401, {"error": "Unauthorized"})
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        action = self._actions().get(query.get("action", ""))
        if action is None or scope["method"] != "GET":
            return _json(400, {"error": "Unknown action"})
        if self.quirks.no_data:
            return _json(200, {"message": "ok"})
        return _json(200, {"data": None} if self.quirks.data_null else action(query))

    def _actions(self) -> Mapping[str, Callable[[Mapping[str, str]], Any]]:
        return {
            "get-active-devices": lambda query: {"data": [row for row in self.devices if row.get("status") == "activ"]},
            "get-angajati-biometrie": lambda query: {
                "data": [row for row in self.employees if row.get("status") == "activ" and row.get("biometrie")]
            },
            "get-angajat": lambda query: {"data": self._employee(query)},
            "get-photo-url": self._photo,
        }

    def _employee(self, query: Mapping[str, str]) -> Row | None:
        return next((row for row in self.employees if row["id"] == query.get("angajat_id")), None)

    def _photo(self, query: Mapping[str, str]) -> Any:
        row = self._employee(query)
        path = ((row or {}).get("biometrie") or {}).get("foto_fata_url")
        if not path:
            return {"error": "no photo"}
        url = f"{self.photos}/{path}?token=signed"
        return {"data": {"signed_url": url}} if self.quirks.photo_key == "nested" else {self.quirks.photo_key: url}


def _json(status: int, body: Any) -> Answer:
    return Answer(status, json.dumps(body).encode(), _JSON)


def simulate(options: Mapping[str, Any]) -> AsgiApp:
    """The app for ``trueup simulate``: ``employees`` and ``devices`` (rows, or a JSON file of both), key, anon_key, photos, and
    every quirk by its name. Raises TypeError for an option it does not know."""
    given = dict(options)
    if "file" in given:
        given |= json.loads(Path(str(given.pop("file"))).read_text(encoding="utf-8"))
    words = {name: given.pop(name) for name in ("employees", "devices", "key", "anon_key", "photos") if name in given}
    return Function(**words, quirks=Quirks(**given)).app
