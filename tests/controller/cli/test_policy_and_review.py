"""Rules of the operator's own, reviewed plans, and results for pipelines: through the commands, over a simulated door."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from defusedxml.ElementTree import fromstring
from syrupy.assertion import SnapshotAssertion

from controller.cli.commands.change.apply import exit_of_run
from controller.cli.exits import Exit
from controller.cli.schemas import all_schemas
from controller.cli.show.formats.junit import run_junit
from controller.cli.show.formats.run_report import reporting
from controller.cli.show.formats.writing import Wanted
from controller.cli.talk import Talk
from controller.model.errors import TrueupError
from controller.model.outcome import Outcome, ResourceResult, Rollup, RunResult, Status
from controller.registry import load_simulator
from controller.sdk.context import SystemClock
from controller.sdk.loopback import serve_in_thread

Run = Callable[..., Any]
PASSWORD = "canary-pass-2"
SITE = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec:
  timezone: Europe/Stockholm
  rules: RULES
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
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: hikvision
  config: {url: URL, username: admin, password: {secret: DOOR}}
  people:
    - {from: members, key: "{id}", name: "{full_name}", valid: {until: "{valid_until}"}, doors: [{door: 1, plan: 1}]}
  policy: {pace: 0, maxClockOffset: 30d}
"""
FREEZE = "{name: freeze, deny: nothing is changed in the holidays, when: {effect: grants}, overridable: true}"
LOOK = "{name: look, warn: 'new people, have somebody look', when: {action: create, moreThan: 1}}"
MEMBERS = "id,name,until\n1001,Åsa Öberg,2030-12-31\n1002,Živa Čuk,2030-12-31\n"
RULES_IN_FULL = """\
spec:
  timezone: UTC
  rules:
    - name: weekend
      deny: nobody is removed at weekends
      when: {action: [delete, bar], address: "Device/*", time: {days: [sat, sun], from: 08:00}}
      overridable: true
    - name: mass
      deny: too much at once
      when: {moreThan: 10%, per: plan, labels: {site: gym, floor: "1"}}
      unless: {effect: neutral, drift: false}
      refuse: everything
    - {name: large, warn: have somebody look, when: {moreThan: 1000, drift: true}}
    - {name: any, warn: something happens}
"""
SCHEMAS = all_schemas()


class Site:
    def __init__(self, run: Run, url: str) -> None:
        self.run, self.url = run, url

    def __call__(self, *words: str) -> Any:
        return self.run(*words)

    def rules(self, *rules: str) -> None:
        text = SITE.replace("URL", self.url).replace("RULES", f"[{', '.join(rules)}]")
        Path("specs/site.yaml").write_text(text, encoding="utf-8")

    def members(self, text: str) -> None:
        Path("specs/members.csv").write_text(text, encoding="utf-8")


@pytest.fixture
def site(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    terminal = load_simulator("hikvision")({"password": PASSWORD, "serial": "A1", "timezone": "Europe/Stockholm"})
    with serve_in_thread([(terminal.app, 0)]) as (served,):
        Path("specs").mkdir()
        made = Site(trueup, served.url)
        made.rules()
        made.members(MEMBERS)
        monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        assert trueup("secrets", "set", "DOOR").code == 0
        yield made


def judged(name: str, text: str) -> Any:
    document = json.loads(text)
    jsonschema.validate(document, json.loads(SCHEMAS[f"{name}.json"]))
    return document


def digest_in(text: str) -> str:
    found = re.search(r"sha256:[0-9a-f]{64}", text)
    assert found is not None
    return found[0]


# -- what was reviewed -------------------------------------------------------------------------------------------------------


def test_what_was_reviewed_is_applied_and_nothing_else_is(site: Site) -> None:
    digest = digest_in(site("plan", "--bootstrap").out)
    site.members(MEMBERS.replace("Živa Čuk", "Mallory"))  # as many as before: that a source shrank is another matter
    other = site("apply", "--bootstrap", "--auto-approve", "--reviewed", digest)
    assert (other.code, "not what was reviewed" in other.err) == (6, True)
    site.members(MEMBERS)
    assert site("apply", "--bootstrap", "--auto-approve", "--reviewed", digest).code == 0
    assert site("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_is_held_against_the_review_too_and_says_until_when_it_holds(site: Site) -> None:
    planned = site("plan", "--bootstrap", "--out", "plan.json", "--write", "markdown=comment.md", "--write", "json=full.json")
    digest = digest_in(Path("comment.md").read_text(encoding="utf-8"))
    assert digest == digest_in(planned.out) == judged("plan", Path("full.json").read_text(encoding="utf-8"))["summary"]["digest"]
    assert site("apply", "plan.json", "--auto-approve", "--reviewed", "0" * 64).code == 6
    assert site("apply", "plan.json", "--auto-approve", "--reviewed", "plan.json").code == 1
    assert site("apply", "--resume", "latest", "--auto-approve", "--reviewed", digest).code == 1
    applied = site("apply", "plan.json", "--auto-approve", "--reviewed", digest)
    assert (applied.code, "holds until" in applied.out) == (0, True)


def test_a_plan_in_every_format_holds_no_secret(site: Site) -> None:
    formats = ("text", "json", "markdown", "html", "junit", "github")
    words = [word for name in formats for word in ("--write", f"{name}=out.{name}")]
    shown = [site("plan", "--bootstrap", "-o", name, *words).out for name in formats]
    files = [Path(f"out.{name}").read_text(encoding="utf-8") for name in formats]
    assert not any(PASSWORD in text for text in (*shown, *files))
    assert all("Device/front-door" in text for text in files)
    assert "::error file=specs/site.yaml,line=" in site("plan", "-o", "github").out
    assert site("plan", "--write", "pdf=x").code == 1


# -- rules -------------------------------------------------------------------------------------------------------------------


def test_a_rule_forbids_until_it_is_overridden_and_the_allowance_stands_in_the_plan(site: Site) -> None:
    site.rules(FREEZE, LOOK)
    denied = site("plan", "--bootstrap")
    assert denied.code == 5
    assert "nothing is changed in the holidays (2 changes)" in " ".join(denied.out.split())
    assert "if that is right, add --allow policy:freeze" in denied.out
    assert "Your rules warn (1):" in denied.out
    stopped = site("apply", "--bootstrap", "--auto-approve")
    assert (stopped.code, "--allow policy:freeze" in stopped.err) == (5, True)
    allowed = site("plan", "--bootstrap", "--allow", "policy:freeze", "--out", "plan.json")
    assert (allowed.code, "allowed for this plan: bootstrap, policy:freeze" in allowed.out) == (0, True)
    assert json.loads(Path("plan.json").read_text(encoding="utf-8"))["rules"] == ["freeze", "look"]
    assert site("apply", "plan.json", "--auto-approve").code == 0


def test_a_rule_that_nothing_overrides_names_its_line_and_no_flag(site: Site) -> None:
    site.rules("{name: never, deny: nobody comes in, when: {action: create}}")
    denied = site("plan", "--bootstrap")
    assert (denied.code, "specs/site.yaml:6:" in denied.out, "--allow" in denied.out) == (5, True, False)
    stopped = site("apply", "--bootstrap", "--auto-approve")
    assert (stopped.code, "nobody comes in" in stopped.err, "--allow" in stopped.err) == (5, True, False)
    assert site("plan", "--allow", "policy:never").code == 1
    assert "rules of the Controller: policy:never" in site("plan", "--allow", "policy:nver").err
    assert site("plan", "--allow", "policy:").code == 1


def test_a_plan_saved_on_friday_is_refused_on_saturday(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    today, tomorrow = (f"{day.astimezone(UTC):%a}".lower() for day in (now, now + timedelta(days=1)))
    assert today != tomorrow
    site.rules(f"{{name: closed, deny: not on that day, when: {{time: {{days: {tomorrow}, zone: UTC}}}}}}")
    Path("specs/site.yaml").write_text(
        Path("specs/site.yaml").read_text(encoding="utf-8").replace("  rules:", "  planExpiry: 3d\n  rules:"), encoding="utf-8"
    )
    assert site("plan", "--bootstrap", "--out", "plan.json").code == 0
    monkeypatch.setattr(SystemClock, "now", lambda self: now + timedelta(days=1))
    late = site("apply", "plan.json", "--auto-approve")
    assert (late.code, "not on that day" in late.err) == (5, True)
    monkeypatch.undo()


def test_policy_test_tries_the_rules_of_today_on_a_plan_of_yesterday(site: Site, snapshot: SnapshotAssertion) -> None:
    assert site("plan", "--bootstrap", "-o", "json", "--out", "plan.json", "--write", "json=full.json").code == 0
    site.rules(FREEZE, LOOK, "{name: sundays, deny: not on Sundays, when: {time: {days: sun}}}")
    for name in ("plan.json", "full.json"):
        found = judged("policy-test", site("policy", "test", name, "-o", "json", "--at", "2026-05-02T14:00").out)
        assert (found["at"], [limit["rule"] for limit in found["denied"]]) == ("2026-05-02T12:00:00Z", ["policy:freeze"])
    sunday = site("policy", "test", "plan.json", "--at", "2026-05-03T14:00+02:00", "--allow", "policy:freeze")
    assert sunday.code == 5
    assert re.sub("plan [0-9a-f]{12}", "plan ID", sunday.out) == snapshot
    assert site("policy", "test", "plan.json", "--at", "2026-05-02", "--allow", "policy:freeze").code == 0
    site.rules()
    assert "no rule has anything to say" in site("policy", "test", "plan.json").out


def test_policy_test_says_what_it_cannot_read(site: Site) -> None:
    Path("text.json").write_text("{}", encoding="utf-8")
    assert site("policy", "test", "text.json").code == 6
    assert site("policy", "test", "missing.json").code == 1
    assert site("plan", "--bootstrap", "--out", "plan.json").code == 0
    assert site("policy", "test", "plan.json", "--at", "noon").code == 1
    assert site("policy", "test", "plan.json", "--allow", "policy:x").code == 1


def test_policy_list_says_in_words_what_each_rule_is_about(trueup: Run, snapshot: SnapshotAssertion) -> None:
    Path("specs").mkdir()
    file = Path("specs/a.yaml")
    file.write_text("apiVersion: trueup/v1\nkind: Controller\nmetadata: {name: s}\nspec: {timezone: UTC}\n", encoding="utf-8")
    assert "there is no rule yet" in trueup("policy", "list").err
    head = file.read_text(encoding="utf-8").partition("spec:")[0]
    file.write_text(head + RULES_IN_FULL, encoding="utf-8")
    assert trueup("policy", "list").out == snapshot
    rows = judged("policy-list", trueup("policy", "list", "-o", "json").out)["rules"]
    assert [(row["name"], row["verdict"], row["overridable"]) for row in rows] == [
        ("weekend", "deny", True), ("mass", "deny", False), ("large", "warn", False), ("any", "warn", False)
    ]  # fmt: skip
    assert "trueup policy list" in trueup("policy", "list", "--help").out


# -- results for pipelines ---------------------------------------------------------------------------------------------------


def events(text: str) -> list[dict[str, Any]]:
    return [judged("run-event", line) for line in text.splitlines()]


def test_events_are_lines_that_agree_with_their_schema(site: Site) -> None:
    said = site(
        "apply",
        "--bootstrap",
        "--auto-approve",
        "-o",
        "json-lines",
        "--write",
        "json-lines=events.jsonl",
        "--write",
        "junit=run.xml",
    )
    told = events(said.out)
    names = [event["event"] for event in told]
    assert said.code == 0
    assert names[:3] == ["plan-made", "run-started", "resource-started"]
    assert names[-2:] == ["resource-ended", "run-ended"]
    assert names.count("change-ended") == told[-1]["counts"]["done"] == 2
    assert Path("events.jsonl").read_text(encoding="utf-8") == said.out
    assert [case.get("name") for case in fromstring(Path("run.xml").read_text(encoding="utf-8")).iter("testcase")] == [
        "Device/front-door"
    ]
    nothing = events(site("apply", "--auto-approve", "-o", "json-lines").out)
    assert [(event["event"], event.get("run")) for event in nothing] == [("plan-made", None), ("run-ended", "")]


def test_results_go_to_files_while_people_read_text(site: Site) -> None:
    words = ["--write", "json=run.json", "--write", "junit=run.xml", "--write", "text=run.txt"]
    said = site("apply", "--bootstrap", "--auto-approve", *words)
    assert "All that was planned is done: 2 changes done" in said.out
    assert judged("run", Path("run.json").read_text(encoding="utf-8"))["run"]["counts"] == {"done": 2}
    assert Path("run.txt").read_text(encoding="utf-8").startswith("resource")
    assert site("apply", "--auto-approve", "-o", "junit", *words).out.startswith("<?xml")
    assert judged("run", Path("run.json").read_text(encoding="utf-8"))["run"]["run"] == ""
    assert site("apply", "--auto-approve", "--write", "html=x").code == 1
    assert site("apply", "--auto-approve", "--write", "json-lines=missing/x").code == 1


def result(*statuses: Status, fatal: str = "") -> RunResult:
    outcomes = tuple(
        Outcome(str(n), "Device/front-door", "person", str(n), "create", status, "it said <no> & \x00 went", label="Åsa")
        for n, status in enumerate(statuses)
    )
    rollup = Rollup.PARTIAL if fatal or any(s is not Status.DONE for s in statuses) else Rollup.SUCCESS
    one = ResourceResult("Device/front-door", rollup, {"done": 1}, fatal, "look at it" if fatal else "", 1.25)
    other = ResourceResult("Device/side-door", Rollup.SUCCESS, {}, seconds=0.5)
    return RunResult("r1", rollup, "2026-05-01T08:00:00Z", "2026-05-01T08:00:09Z", (one, other), outcomes, {"done": 1})


def test_a_result_as_a_test_report(snapshot: SnapshotAssertion) -> None:
    assert run_junit(result(Status.DONE, Status.FAILED, Status.STALE)) == snapshot


def test_a_report_names_fifty_changes_and_counts_the_rest() -> None:
    text = run_junit(result(*[Status.PARKED] * 60, fatal="the password was refused"))
    failure = next(fromstring(text).iter("failure"))
    assert (failure.get("message"), (failure.text or "").count("person")) == ("the password was refused", 50)
    assert "look at it" in (failure.text or "") and "and 10 more" in (failure.text or "")


def test_what_a_rule_refused_during_the_run_leaves_with_5() -> None:
    refused = result(Status.REFUSED)
    limited = RunResult("r", Rollup.FAILED, "", "", outcomes=(Outcome("1", "r", "k", "1", "create", Status.REFUSED, code="limit"),))
    assert (exit_of_run(refused), exit_of_run(limited)) == (Exit.PARTLY, Exit.REFUSED)


def test_a_file_for_lines_that_cannot_be_opened_is_said_before_anything_is_done(tmp_path: Path) -> None:
    files = [Wanted("json-lines", tmp_path / "missing" / "x")]
    with pytest.raises(TrueupError, match="could not be written"), reporting(Talk(), "text", files):
        raise AssertionError("nothing may be done")


def test_a_run_that_resumed_another_can_be_resumed_itself(site: Site) -> None:
    assert site("apply", "--bootstrap", "--auto-approve").code == 0
    resumed = [site("apply", "--resume", "latest", "--auto-approve", "-o", "json-lines") for _ in range(2)]
    assert [said.code for said in resumed] == [0, 0]
    assert events(resumed[1].out)[0]["event"] == "run-started"
