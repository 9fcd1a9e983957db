"""`trueup graph` from the outside: the specs alone, in four forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.cli.schemas import all_schemas

Run = Callable[..., Any]
MORE = """\
---
apiVersion: trueup/v1
kind: Source
metadata: {name: terminals, labels: {site: pool}}
spec:
  provider: csv
  config: {path: ../data/t.csv, record: table, key: id, map: {id: id, address: address}}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: unused}
spec: {provider: csv, config: {path: ../data/t.csv, record: table, key: id, map: {id: id}}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: terminal, labels: {site: pool}}
spec:
  provider: hikvision
  forEach: {source: terminals, key: "{id}", allowNetworks: [192.168.1.0/24]}
  dependsOn: [Device/front-door]
  config: {url: {each: address}, username: admin, password: {secret: nowhere}}
  people:
    - from: members
      match: {source: terminals, on: ["{employee_no}", "{id}"], by: id, take: address}
      key: "{employee_no}"
      name: "{full_name}"
      valid: {until: forever}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: back-door}
spec:
  provider: hikvision
  dependsOn: [Device/terminal]
  config: {url: "http://192.168.9.9", username: admin, password: {secret: nowhere}}
  people:
    - from: members
      match: {source: terminals, on: "{employee_no}", by: id, take: address}
      key: "{employee_no}"
      name: "{full_name}"
      valid: {until: forever}
"""
TEXT = """\
Sources
  Source/terminals  (csv)  site=pool
    lends fields to Device/back-door, Device/terminal@*
    makes Device/terminal@*
  Source/unused  (csv)
    feeds nothing
  Source/members  (csv)
    feeds Device/front-door, Device/back-door, Device/terminal@*

Targets
  Device/front-door  (hikvision)  site=gym
    people from members
  Device/back-door  (hikvision)
    people from members
    people joined with terminals on {employee_no}, takes address
    waits for Device/terminal@*
  Device/terminal@*  (hikvision)  site=pool
    one for each record of terminals, key {id}
    people from members
    people joined with terminals on {employee_no} or {id}, takes address
    waits for Device/front-door

Lanes: one for each of 3 targets, at most 16 side by side
  first Device/front-door
  then Device/terminal@*
  then Device/back-door
"""


@pytest.fixture
def site(trueup: Run) -> Run:
    assert trueup("init").code == 0
    with Path("specs/doors.yaml").open("a", encoding="utf-8") as stream:
        stream.write(MORE)
    return trueup


def nodes(said: Any) -> list[str]:
    return [node["address"] for node in json.loads(said.out)["graph"]["nodes"]]


def test_the_whole_in_words_of_80_columns(site: Run) -> None:
    said = site("graph")
    assert (said.code, said.out, said.err) == (0, TEXT, "")
    assert max(map(len, said.out.splitlines())) <= 80


def test_it_needs_neither_key_nor_state(site: Run) -> None:
    Path(".trueup/key").unlink()
    assert site("graph").code == 0
    assert not Path(".trueup/state.db").exists()


def test_mermaid_and_dot_name_each_node_once_and_quote_what_they_must(site: Run) -> None:
    mermaid = site("graph", "-o", "mermaid").out.splitlines()
    assert mermaid[0] == "flowchart LR"
    assert '  n2[("Source/terminals<br/>csv")]' in mermaid
    assert '  n6 --o|"before"| n4' in mermaid
    assert '  n2 ==>|"one each, key {id}"| n6' in mermaid
    drawn = site("graph", "-o", "dot").out.splitlines()
    assert (drawn[0], drawn[-1]) == ("digraph trueup {", "}")
    assert '  n2 [label="Source/terminals\\ncsv", shape=cylinder];' in drawn
    assert '  n2 -> n6 [label="people, joined on {employee_no} or {id}, takes address", style=dashed];' in drawn


def test_quotes_in_what_a_spec_says_break_neither_drawing(site: Run) -> None:
    text = Path("specs/doors.yaml").read_text(encoding="utf-8")
    Path("specs/doors.yaml").write_text(text.replace('key: "{id}", allow', "key: '\"#\\{id}', allow"), encoding="utf-8")
    assert '|"one each, key #quot;#35;\\{id}"|' in site("graph", "-o", "mermaid").out
    assert 'key \\"#\\\\{id}"' in site("graph", "-o", "dot").out


def test_json_agrees_with_its_schema(site: Run) -> None:
    document = json.loads(site("graph", "-o", "json").out)
    jsonschema.validate(document, json.loads(all_schemas()["graph.json"]))
    assert {edge["role"] for edge in document["graph"]["edges"]} == {"feeds", "joins", "makes", "before"}


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--target", "Device/front-door"), {"Device/front-door", "Source/members"}),
        (("--target", "Source/unused"), {"Source/unused"}),
        (
            ("--target", "Source/terminals", "--exclude", "Device/back-door"),
            {"Source/terminals", "Device/terminal@*", "Source/members", "Device/front-door"},
        ),
        (("-l", "site=gym"), {"Device/front-door", "Source/members"}),
        (("-l", "site in (pool)", "--exclude", "Source/members"), {"Source/terminals", "Device/terminal@*", "Device/front-door"}),
    ],
)  # fmt: skip
def test_a_selection_shows_its_needs_too(site: Run, arguments: tuple[str, ...], shown: set[str]) -> None:
    assert set(nodes(site("graph", "-o", "json", *arguments))) == shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "Device/nowhere"), "nothing declared matches --target Device/nowhere"),
        (("--exclude", "Device/nowhere"), "nothing declared matches --exclude Device/nowhere"),
        (("-l", "site=nowhere"), "nothing declared matches --label site=nowhere"),
        (("-l", "=gym"), "'=gym' names no label"),
    ],
)
def test_a_selection_that_means_nothing_is_told(site: Run, arguments: tuple[str, ...], said: str) -> None:
    answer = site("graph", *arguments)
    assert (answer.code, said in answer.err) == (1, True)
    assert "there are: Device/front-door" in answer.err or "write site=gym" in answer.err


def test_settings_alone_are_no_graph(trueup: Run) -> None:
    assert trueup("init").code == 0
    for name in ("doors", "sources"):
        Path(f"specs/{name}.yaml").unlink()
    assert "Nothing is declared yet" in trueup("graph").out
