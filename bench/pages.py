"""A terminal without a wire: answers come from a file, one page at a time, so that reading costs no memory and no socket.

Stands where a lane's HTTP client stands. It does not import the HTTP library; who measures with it says so.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.stage import PAGE

_POSITION = re.compile(rb'"searchResultPosition":(\d+)')


@dataclass(frozen=True)
class Told:
    """An answer, as far as a provider looks at one."""

    body: bytes
    status: int = 200
    ok: bool = True
    headers: Mapping[str, str] = ()  # type: ignore[assignment]


class PagesHttp:
    """``serial`` makes several of them different terminals."""

    def __init__(self, folder: Path, serial: str) -> None:
        self.calls = 0
        self._file = os.open(folder / "pages.jsonl", os.O_RDONLY)
        self._starts = _starts(folder / "pages.starts")
        self._documents: dict[str, str] = json.loads((folder / "documents.json").read_text(encoding="utf-8"))
        now = datetime.now(ZoneInfo("Europe/Stockholm")).replace(tzinfo=None).isoformat(timespec="seconds")
        time = self._documents["/ISAPI/System/time"]
        self._documents["/ISAPI/System/time"] = re.sub(r"<localTime>[^<]*", f"<localTime>{now}", time)
        info = self._documents["/ISAPI/System/deviceInfo"]
        self._documents["/ISAPI/System/deviceInfo"] = info.replace("BENCH-01", serial)

    async def request(self, method: str, path: str, *, content: bytes = b"", **more: object) -> Told:
        self.calls += 1
        if not path.endswith("/UserInfo/Search"):
            return Told(self._documents[path].encode())
        found = _POSITION.search(content)
        assert found is not None
        page = int(found[1]) // PAGE
        start = self._starts[page]
        return Told(os.pread(self._file, self._starts[page + 1] - start, start))

    def close(self) -> None:
        os.close(self._file)


def _starts(path: Path) -> array[int]:
    starts = array("q")
    starts.frombytes(path.read_bytes())
    return starts
