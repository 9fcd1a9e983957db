"""Values files, defaults, one door per record and new names, from the command line over real sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.cli.settings import Settings
from controller.registry import load_simulator
from controller.sdk.loopback import serve_in_thread

Run = Callable[..., Any]
SECRET = "canary-pass-7"
SPECS = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec:
  timezone: {var: zone}
  defaults:
    hikvision: {config: {username: admin}, policy: {pace: 0}}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config: {path: members.csv, record: person, map: {id: id, full_name: name, valid_until: until}}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals}
spec:
  provider: csv
  config:
    path: terminals.csv
    record: table
    key: id
    map: {id: id, url: url, site: site, password: {column: password, sensitive: true}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: terminal, labels: {site: {each: site}}}
spec:
  provider: hikvision
  forEach: {source: terminals, key: "{id}", allowNetworks: [127.0.0.0/8]}
  config: {url: {each: url}, password: {each: password}}
  people:
    - {from: members, key: "{id}", name: "{full_name}", valid: {until: "{valid_until}"}, doors: [{door: 1, plan: 1}]}
"""


@pytest.fixture
def urls() -> Iterator[list[str]]:
    doors = [load_simulator("hikvision")({"password": SECRET, "serial": f"A{n}", "timezone": "Europe/Stockholm"}) for n in (1, 2)]
    with serve_in_thread([(door.app, 0) for door in doors]) as served:
        yield [one.url for one in served]


@pytest.fixture
def site(trueup: Run, urls: list[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("TRUEUP_VARS", raising=False)
    Path("specs").mkdir()
    Path("specs/site.yaml").write_text(SPECS, encoding="utf-8")
    Path("specs/members.csv").write_text("id,name,until\n1001,Åsa Öberg,2030-12-31\n", encoding="utf-8")
    rows = [f"{n},{url},{site},{SECRET}" for n, url, site in zip((17, 18), urls, ("gym", "pool"), strict=True)]
    Path("specs/terminals.csv").write_text("\n".join(["id,url,site,password", *rows, ""]), encoding="utf-8")
    Path("north.yaml").write_text("zone: Europe/Stockholm\n", encoding="utf-8")
    return trueup


def test_a_door_per_record_from_the_first_look_to_a_plan_file(site: Run) -> None:
    said = [site("--vars", "north.yaml", "validate"), site("validate", "--vars", "north.yaml", "-o", "json")]
    assert [s.code for s in said] == [0, 0]
    assert "valid: 2 resources, 1 document with forEach" in said[0].err
    tested = site("test", "--vars", "north.yaml", "Device/*")
    assert (tested.code, "Device/terminal@17" in tested.out, "serial A2" in tested.out) == (0, True, True)
    planned = site("plan", "--vars", "north.yaml", "--bootstrap", "--out", "plan.json", "--verbose")
    assert planned.code == 0
    assert "with defaults of hikvision: config.username, policy.pace (specs/site.yaml:7)" in planned.out
    assert "with forEach terminals" in planned.out
    applied = site("apply", "--vars", "north.yaml", "plan.json", "--auto-approve")
    assert (applied.code, "2 changes done" in applied.out) == (0, True)
    pool = site("plan", "--vars", "north.yaml", "--label", "site=pool", "-o", "json")
    document = json.loads(pool.out)
    assert [r["address"] for r in document["plan"]["resources"]] == ["Device/terminal@18"]
    everything = "".join(s.out + s.err for s in [*said, tested, planned, applied, pool])
    kept = b"".join(path.read_bytes() for path in (*Path(".trueup").rglob("*"), Path("plan.json")) if path.is_file())
    assert SECRET not in everything and SECRET.encode() not in kept
    status = site("status", "--vars", "north.yaml")
    assert (status.code, "Device/terminal@17" in status.out) == (0, True)
    nothing = site("plan", "--vars", "north.yaml", "--target", "Device/nowhere")
    assert (nothing.code, "nothing declared matches --target Device/nowhere" in nothing.err) == (1, True)


def test_values_come_from_the_environment_too_and_are_missed_in_words(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    missed = site("plan")
    assert (missed.code, "there is no value `zone`" in missed.out + missed.err) == (3, True)
    monkeypatch.setenv("TRUEUP_VARS", "north.yaml")
    assert site("validate").code == 0
    assert site("validate", "--vars", "nowhere.yaml").code == 3


def test_a_new_name_is_shown_and_applied_once(site: Run) -> None:
    given = ("--vars", "north.yaml")
    assert site("apply", *given, "--bootstrap", "--auto-approve").code == 0
    text = SPECS.replace("metadata: {name: terminal,", "metadata: {name: gate,")
    text = text.replace("  defaults:", "  moved: [{from: Device/terminal, to: Device/gate}]\n  defaults:")
    Path("specs/site.yaml").write_text(text, encoding="utf-8")
    planned = site("plan", *given)
    assert "is called Device/gate@17 from now on: the entry that we own there is kept" in " ".join(planned.out.split())
    assert "2 changes on" in planned.out
    assert site("apply", *given, "--auto-approve").code == 0
    assert site("plan", *given, "--detailed-exitcode").code == 0


def test_a_table_that_cannot_be_read_leaves_with_partly(site: Run) -> None:
    given = ("--vars", "north.yaml")
    assert site("apply", *given, "--bootstrap", "--auto-approve").code == 0
    Path("specs/terminals.csv").write_text("", encoding="utf-8")
    planned = site("plan", *given)
    assert planned.code == 4
    assert "which there are is not known" in " ".join(planned.out.split())


def test_the_values_files_are_repeated_in_what_is_suggested() -> None:
    assert Settings(vars_files=("a b.yaml",)).given == " --vars 'a b.yaml'"
