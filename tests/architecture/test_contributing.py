"""The provider that CONTRIBUTING.md builds is run as it stands there: plan, apply, and a second plan that is empty."""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.cli.app import run
from controller.registry import REGISTRY, Entry
from controller.sdk.loopback import serve_in_thread
from controller.sdk.simulation import Answer, AsgiScope, Receive, Send, send_answer

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
SPECS = """\
apiVersion: trueup/v1
kind: Source
metadata: {name: people}
spec:
  provider: csv
  config: {path: people.csv, record: table, key: locker, map: {locker: locker, name: name, until: until}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: cabinet}
spec:
  provider: lockers
  config: {url: URL, username: admin, password: {plain: x}}
  lockers:
    - {from: people, locker: "{locker}", holder: "{name}", until: "{until}"}
  policy: {pace: 0, onRemoval: delete}
"""


class Cabinet:
    """The cabinet that the guide describes."""

    def __init__(self) -> None:
        self.lockers: dict[str, dict[str, str]] = {}

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        body = (await receive()).get("body", b"")
        key = scope["path"].removeprefix("/lockers").removeprefix("/")
        match scope["method"]:
            case "PUT":
                self.lockers[key] = json.loads(body)
            case "DELETE":
                self.lockers.pop(key, None)
        rows = [{"id": key, **locker} for key, locker in self.lockers.items()]
        await send_answer(send, Answer(200, json.dumps(rows).encode()))


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The blocks of the guide as one module, known under the name of its provider."""
    module = types.ModuleType("lockers_of_the_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = "\n\n".join(re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    exec(compile(code, str(GUIDE), "exec"), module.__dict__)
    entry = Entry("lockers", f"{module.__name__}:PROVIDER", "Device")
    monkeypatch.setattr(REGISTRY, "_built_in", {**REGISTRY._built_in, "lockers": entry})
    yield
    REGISTRY._loaded.pop("lockers", None)
    for name in ("_providers",):
        REGISTRY.__dict__.pop(name, None)  # computed once, with the guide's provider in it


def test_the_provider_of_the_guide_works(
    guide: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cabinet = Cabinet()
    (tmp_path / "specs").mkdir()
    people = "locker,name,until\n" + "".join(f"{n},Åsa {n},2030-12-31\n" for n in (7, 8, 9, 10))
    (tmp_path / "specs/people.csv").write_text(people, encoding="utf-8")
    with serve_in_thread([(cabinet, 0)]) as (served,):
        (tmp_path / "specs/site.yaml").write_text(SPECS.replace("URL", served.url), encoding="utf-8")

        def trueup(*arguments: str) -> tuple[int, Any]:
            return run(arguments), capsys.readouterr()

        for arguments, code in ((["validate"], 0), (["plan"], 5), (["apply", "--bootstrap", "--auto-approve"], 0)):
            left, said = trueup(*arguments)
            assert left == code, said
        assert cabinet.lockers == {str(n): {"holder": f"Åsa {n}", "until": "2030-12-31"} for n in (7, 8, 9, 10)}
        assert trueup("plan", "--detailed-exitcode")[0] == 0

        fewer = people.replace("10,Åsa 10,2030-12-31\n", "").replace("7,2030", "7,2029")
        (tmp_path / "specs/people.csv").write_text(fewer, encoding="utf-8")
        assert trueup("apply", "--auto-approve")[0] == 0
        assert {key: locker["until"] for key, locker in cabinet.lockers.items()} == {
            "7": "2029-12-31",
            "8": "2030-12-31",
            "9": "2030-12-31",
        }
        cabinet.lockers["7"]["until"] = "2040-01-01"
        assert trueup("drift")[0] == 2
