"""history, show, events and diff from the outside: a simulated door, two runs, and questions about them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from controller.cli.moments import since_of
from controller.cli.schemas import output_schemas
from controller.cli.show.layout import View
from controller.cli.show.past.documents import EntityLine, HistoryDocument, ResourceLine, RunLine, ShowDocument
from controller.cli.show.past.history_text import history_text
from controller.cli.show.past.run_text import run_text
from controller.model.errors import UsageError
from tests.doors import furnish, judged

Run = Callable[..., Any]
DOOR = "Device/front-door"
SPECS = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec: {timezone: Europe/Stockholm}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config: {path: members.csv, record: person, map: {id: id, full_name: name, valid_until: until}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door}
spec:
  provider: hikvision
  config: {url: URL, username: admin, password: {secret: DOOR}}
  people:
    - from: members
      key: "{id}"
      name: "{full_name}"
      valid: {from: "2026-01-01", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
  policy: {pace: 0}
"""
MEMBERS = "id,name,until\n1001,Åsa Öberg,2030-12-31\n1002,Živa Čuk,2030-12-31\n"


@pytest.fixture
def site(door: Any, trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Two runs lie behind: two persons were added, then one of them got a longer validity."""
    furnish(trueup, monkeypatch, SPECS.replace("URL", door.url), MEMBERS)
    assert trueup("apply", "--auto-approve", "--bootstrap").code == 0
    Path("specs/members.csv").write_text(MEMBERS.replace("Öberg,2030", "Öberg,2031"), encoding="utf-8")
    assert trueup("apply", "--auto-approve").code == 0
    return trueup


def runs_of(site: Run, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = judged("history", site("history", "-o", "json", *more).out)["runs"]
    return found


def test_history_lists_runs_the_newest_first_with_what_they_did_where(site: Run) -> None:
    second, first = runs_of(site)
    assert first["started"] <= second["started"] and first["run"] != second["run"]
    assert (first["resources"], second["resources"]) == ({DOOR: {"done": 2}}, {DOOR: {"done": 1}})
    assert first["result"] == "success"
    said = site("history", "--limit", "1")
    assert second["run"] in said.out and first["run"] not in said.out
    assert "There are older ones" in said.out and "Times in Europe/Stockholm." in said.out


def test_history_is_filtered_by_entity_by_time_and_by_result(site: Run) -> None:
    assert len(runs_of(site, "--resource", "Device/*")) == 2
    assert len(runs_of(site, "--resource", f"{DOOR}:person/1001")) == 2
    assert len(runs_of(site, "--resource", f"{DOOR}:person/1002")) == 1
    assert runs_of(site, "--resource", "Device/front_door") == []  # "_" is no wildcard
    assert len(runs_of(site, "--since", "1h")) == 2
    assert runs_of(site, "--since", "2999-01-01") == []
    assert runs_of(site, "--result", "partial") == []
    assert "No run matches" in site("history", "--result", "failed").out


def test_what_happened_and_what_is_ours_is_found_by_label_too(site: Run) -> None:
    specs = Path("specs/site.yaml")
    text = specs.read_text(encoding="utf-8")
    specs.write_text(
        text.replace("metadata: {name: front-door}", "metadata: {name: front-door, labels: {site: gym}}"), encoding="utf-8"
    )
    assert len(json.loads(site("history", "-l", "site=gym", "-o", "json").out)["runs"]) == 2
    told = json.loads(site("events", "-l", "site in (gym, pool)", "-o", "json").out)["events"]
    assert told and all(event["subject"].startswith(DOOR) for event in told)
    listed = json.loads(site("state", "list", "-l", "site=gym", "-o", "json").out)
    assert [one["address"] for one in listed["resources"]] == [DOOR]
    assert len(json.loads(site("state", "list", "-l", "site=gym", "--only", "person", "-o", "json").out)["entities"]) == 2
    for words in (["history"], ["events"], ["state", "list"]):
        nobody = site(*words, "--label", "site=pool")
        assert (nobody.code, "no resource matches --label site=pool" in nobody.err) == (1, True)
        assert "names no label" in site(*words, "--label", "=gym").err
    specs.write_text("kind: [", encoding="utf-8")
    unknown = site("state", "list", "--label", "site=gym")
    assert (unknown.code, "trueup validate" in unknown.err) == (1, True) and site("state", "list").code == 0


def test_a_moment_that_means_nothing_is_explained(site: Run) -> None:
    said = site("history", "--since", "yesterday")
    assert said.code == 1 and "write 90m, 24h or 7d for so long ago" in said.err


def test_show_tells_each_entity_with_its_time_and_what_was_written(site: Run) -> None:
    said = site("show", "last")
    assert "person 1001  Åsa Öberg: gets more access (what is declared has changed)" in said.out
    assert "valid: 2026-01-01 to 2030-12-31 -> 2026-01-01 to 2031-12-31" in said.out
    assert "1002" not in said.out
    run = runs_of(site)[0]["run"]
    assert f"trueup rollback {run}" in said.out
    document = judged("show", site("show", run, "-o", "json").out)
    [entity] = document["entities"]
    assert (entity["key"], entity["outcome"], entity["attempts"], entity["effect"]) == ("1001", "done", 1, "grants")
    assert document["resources"][0]["identity"] == "A1"


def test_show_takes_a_beginning_that_only_one_run_has(site: Run) -> None:
    second, first = runs_of(site)
    unique = next(first["run"][:n] for n in range(9, 25) if not second["run"].startswith(first["run"][:n]))
    assert first["run"] in site("show", unique).out
    several = site("show", first["run"][:8])
    assert several.code == 1 and "several runs begin with" in several.err and "write more of its id" in several.err
    unknown = site("show", "1999")
    assert unknown.code == 1 and "there is no run '1999' in this state" in unknown.err and "trueup history" in unknown.err


def test_show_is_filtered_by_entity_and_outcome(site: Run) -> None:
    first = runs_of(site)[1]["run"]
    document = judged("show", site("show", first, "--target", "Device/*:person/1002", "-o", "json").out)
    assert [entity["key"] for entity in document["entities"]] == ["1002"]
    assert document["resources"][0]["counts"] == {"done": 2}
    none = site("show", first, "--outcome", "failed")
    assert none.code == 0 and "nothing that this run did matches the selection" in none.err


def test_show_of_a_saved_plan_is_the_plan_and_how_long_it_holds(site: Run) -> None:
    assert site("plan", "--out", "plan.json").code == 0
    said = site("show", "plan.json")
    assert "No changes: nothing to do on 1 resource." in said.out and "holds until" in said.out
    assert judged("plan", site("show", "plan.json", "-o", "json").out)["summary"]["changes"] == 0
    assert site("show", "plan.json", "--outcome", "done").code == 1
    Path("specs/site.yaml").write_text(Path("specs/site.yaml").read_text("utf-8") + "# changed\n", encoding="utf-8")
    Path("specs/site.yaml").write_text(Path("specs/site.yaml").read_text("utf-8").replace("pace: 0", "pace: 1ms"), "utf-8")
    assert "the specs have changed since" in site("show", "plan.json").out
    assert "the specs have changed since" in site("show", "plan.json", "-o", "json").err
    Path("specs/site.yaml").write_text("nonsense: [", encoding="utf-8")
    assert "the specs cannot be read now" in site("show", "plan.json").out
    Path("plan.json").write_text(Path("plan.json").read_text("utf-8").replace("front-door", "back-door"), encoding="utf-8")
    assert site("show", "plan.json").code == 6


def test_a_plan_to_be_done_and_one_made_offline_say_so(site: Run) -> None:
    Path("specs/members.csv").write_text(MEMBERS, encoding="utf-8")
    assert site("plan", "--out", "plan.json").code == 0
    assert "To do exactly this: trueup apply plan.json" in site("show", "plan.json").out
    assert site("plan", "--offline", "--out", "offline.json").code == 0
    assert "it was made offline" in site("show", "offline.json").out


def test_events_tell_runs_changes_and_conditions_in_order(site: Run) -> None:
    events = judged("events", site("events", "-o", "json").out)["events"]
    types = [event["type"] for event in events]
    assert types.count("run.started") == 2 and types.count("run.success") == 2 and types.count("change.done") == 3
    assert "condition.synced" in types
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    second = runs_of(site)[0]["run"]
    of_run = [json.loads(line) for line in site("events", "--run", "last", "-o", "json-lines").out.splitlines()]
    assert {event["run"] for event in of_run} == {second}
    for line in of_run:
        jsonschema.validate(line, output_schemas()["events-line.json"])
    [changed] = [event for event in of_run if event["type"] == "change.done"]
    assert (changed["subject"], changed["message"]) == (f"{DOOR}:person/1001", "was changed")


def test_events_are_filtered_by_resource_type_level_and_number(site: Run) -> None:
    def seen(*options: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in site("events", "-o", "json-lines", *options).out.splitlines()]

    assert {event["subject"] for event in seen("--resource", DOOR, "--type", "change")} == {
        f"{DOOR}:person/1001", f"{DOOR}:person/1002"
    }  # fmt: skip
    assert [event["subject"] for event in seen("--resource", f"{DOOR}:person/1002")] == [f"{DOOR}:person/1002"]
    assert {event["type"] for event in seen("--type", "run")} == {"run.started", "run.success"}
    assert len(seen("--limit", "2")) == 2
    assert seen("--level", "error") == []
    said = site("events", "--level", "error")
    assert said.code == 0 and "no event matches" in said.err and said.out == ""


def test_a_document_cannot_be_followed(site: Run) -> None:
    said = site("events", "--follow", "-o", "json")
    assert said.code == 1 and "json-lines" in said.err


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_following_tells_what_another_process_does_and_ends_cleanly(site: Run, number: int) -> None:
    command = [sys.executable, "-c", "from controller.cli import main; main()", "events", "-f", "--limit", "1", "-o", "json-lines"]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["type"] == "run.success"  # the newest of before
        Path("specs/members.csv").write_text(MEMBERS, encoding="utf-8")
        assert site("apply", "--auto-approve").code == 0
        assert json.loads(follower.stdout.readline())["type"] == "run.started"
        follower.send_signal(number)
        _, err = follower.communicate(timeout=10)
        assert (follower.returncode, err) == (130, "")
    finally:
        follower.kill()
        follower.communicate()


def test_following_ends_when_its_reader_has_gone(site: Run) -> None:
    command = [sys.executable, "-c", "from controller.cli import main; main()", "events", "-f", "--limit", "1"]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert follower.stdout is not None
    follower.stdout.readline()
    follower.stdout.close()
    Path("specs/members.csv").write_text(MEMBERS, encoding="utf-8")
    assert site("apply", "--auto-approve").code == 0
    assert follower.wait(timeout=10) == 0
    assert follower.stderr is not None
    follower.stderr.close()


def test_diff_tells_entity_by_entity_what_each_run_did(site: Run) -> None:
    second, first = (run["run"] for run in runs_of(site))
    document = judged("diff", site("diff", first, "last", "-o", "json").out)
    assert (document["one"], document["two"], document["alike"]) == (first, second, 0)
    by_key = {line["key"]: line for line in document["differences"]}
    assert by_key["1002"]["differs"] == ["presence"] and by_key["1002"]["two"] == []
    assert by_key["1001"]["differs"] == ["action", "written"]
    said = site("diff", first, second)
    assert "person 1002  Živa Čuk" in said.out and "two: did not touch it" in said.out and "two: update done" in said.out
    same = site("diff", first, first)
    assert "No difference: both did the same, with the same end (2 alike)." in same.out


def test_diff_takes_saved_plans_for_what_would_be_done(site: Run) -> None:
    Path("specs/members.csv").write_text(MEMBERS, encoding="utf-8")
    assert site("plan", "--out", "plan.json").code == 0
    document = judged("diff", site("diff", "last", "plan.json", "-o", "json").out)
    [line] = document["differences"]
    assert (line["one"][0]["outcome"], line["two"][0]["outcome"]) == ("done", "planned")
    assert "two: update planned" in site("diff", "last", "plan.json").out


@pytest.mark.parametrize("command", [("history",), ("show", "last"), ("events",), ("diff", "a", "b")])
def test_without_a_state_there_is_nothing_to_look_back_at_and_none_is_made(trueup: Run, command: tuple[str, ...]) -> None:
    said = trueup(*command)
    assert said.code == 1 and "there is no state in .trueup yet" in said.err
    assert not Path(".trueup").exists()


def test_while_the_specs_are_wrong_the_past_can_still_be_looked_at(site: Run) -> None:
    Path("specs/site.yaml").write_text("nonsense: [", encoding="utf-8")
    said = site("history")
    assert said.code == 0 and "Times in UTC." in said.out and "trueup validate" in said.err
    assert " UTC" in site("show", "last").out


def test_a_first_run_that_never_was_is_said(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    assert trueup("secrets", "set", "DOOR").code == 0
    said = trueup("show", "last")
    assert said.code == 1 and "there was no run yet" in said.err
    assert "No run matches, or there was none yet." in trueup("history").out


def test_moments_are_those_of_the_site() -> None:
    now, stockholm = datetime(2026, 7, 1, 12, tzinfo=UTC), ZoneInfo("Europe/Stockholm")
    assert since_of("", now, stockholm) == ""
    assert since_of("90m", now, stockholm) == "2026-07-01T10:30:00Z"
    assert since_of("2026-07-01", now, stockholm) == "2026-06-30T22:00:00Z"
    assert since_of("2026-07-01T08:00", now, None) == "2026-07-01T08:00:00Z"
    assert since_of("2026-07-01T08:00+05:00", now, stockholm) == "2026-07-01T03:00:00Z"
    with pytest.raises(UsageError):
        since_of("99999999999w", now, stockholm)


def test_a_killed_run_tells_what_never_ended_and_how_to_go_on() -> None:
    line = RunLine("r1", "2026-07-01T10:00:00Z", "2026-07-01T10:00:01Z", 1.0, "interrupted", "p", "s", "", {})
    planned = EntityLine(DOOR, "person", "1", "Ann", "", "create", "planned", "grants")
    failed = EntityLine(DOOR, "person", "2", "Bo", "", "delete", "failed", "revokes", message="refused", attempts=3, certain=False)
    noted = EntityLine(DOOR, "person", "3", "Cy", "", "refresh", "done", "neutral")
    resources = (
        ResourceLine(DOOR, counts={"planned": 1, "failed": 1, "done": 1}),
        ResourceLine("Device/b", message="parked: away"),
    )
    document = ShowDocument(line, ("bootstrap",), ("--target x",), "r0", resources, (planned, failed, noted))
    said = run_text(document, View(whole=True))
    assert "1 planned, and never ended" in said and "3 attempts, it is not known whether it took effect" in said
    assert "apply --resume r1" in said and "a rollback: it returned what run r0 had changed" in said
    assert "taken as last written" in said and "! parked: away" in said
    assert said.index("failed: refused") < said.index("planned, and never ended")
    running = ShowDocument(RunLine("r2", "2026-07-01T10:00:00Z", "", None, "running", "p", "s", "h"), (), (), "", (), ())
    assert "still running" in run_text(running) and "rollback" not in run_text(running)


def test_long_lists_of_resources_are_summed_up() -> None:
    resources = {f"Device/{n}": {"done": n} for n in range(1, 6)}
    line = RunLine("r1", "2026-07-01T10:00:00Z", "", None, "running", "p", "s", "h", resources)
    said = history_text(HistoryDocument((line, RunLine("r0", "2026-07-01T09:00:00Z", "", None, "odd", "p", "s", "h"))))
    assert "and 2 more resources" in said and "no end yet" in said and "nothing was changed" in said
    assert "Device/5" in history_text(HistoryDocument((line,)), View(whole=True))


def test_a_rollback_is_saved_shown_and_applied_as_any_plan(site: Run, door: Any) -> None:
    run = runs_of(site)[0]["run"]
    said = site("rollback", "last")
    file = f"rollback-{run}.json"
    assert said.code == 0 and "Nothing was done yet." in said.out and f"trueup apply {file}" in said.out
    assert f"a rollback: returns what run {run}" in said.out and "the next plan shows again" in said.out
    assert "gets less access (returned to what it was before)" in said.out
    assert "To do exactly this" in site("show", file).out
    assert site("apply", file, "--auto-approve").code == 0
    assert "a rollback: it returned what run" in site("show", "last").out
    assert judged("show", site("show", "last", "-o", "json").out)["returns"] == run
    assert site("plan", "--detailed-exitcode").code == 2  # the specs still say what that run did


def test_a_rollback_that_would_let_in_more_than_is_declared_names_the_flag(site: Run) -> None:
    Path("specs/members.csv").write_text(MEMBERS.replace("1002", "1003").replace("Öberg,2030", "Öberg,2031"), "utf-8")
    assert site("apply", "--auto-approve").code == 0
    said = site("rollback", "last", "--out", "undo.json")
    assert said.code == 5 and "the specs of today do not declare it" in " ".join(said.out.split())
    assert f"--allow wider:{DOOR}=1" in said.out
    allowed = site("rollback", "last", "--out", "undo.json", "--allow", f"wider:{DOOR}=1", "-o", "json")
    assert allowed.code == 0 and "saved to undo.json" in allowed.err
    assert judged("plan", allowed.out)["plan"]["allowances"] == [f"wider:{DOOR}=1"]


def test_a_rollback_with_nothing_to_return_saves_nothing(site: Run) -> None:
    site("rollback", "last", "--out", "undo.json")
    assert site("apply", "undo.json", "--auto-approve").code == 0
    first = runs_of(site)[1]["run"]
    again = site("rollback", first, "--out", "again.json")
    assert again.code == 0 and "Nothing to apply" in again.out and "was changed again since that run" in again.out
    assert not Path("again.json").exists()
    assert "so nothing was saved" in site("rollback", first, "-o", "json").err
    unknown = site("rollback", "1999")
    assert unknown.code == 1 and "trueup history" in unknown.err
