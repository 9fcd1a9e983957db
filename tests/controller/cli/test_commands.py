"""The commands from the outside, over real sockets: a simulated register and a simulated door on loopback."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import jsonschema
import pytest

from controller.cli.commands.change.apply import exit_of_run
from controller.cli.commands.program.simulate import described, started
from controller.cli.commands.remember import secrets as secrets_command
from controller.cli.exits import Exit
from controller.cli.schemas import all_schemas, main, outdated, output_schemas
from controller.cli.session import stopping
from controller.cli.talk import Talk
from controller.model.errors import UsageError
from controller.model.outcome import Rollup, RunResult
from tests.doors import PASSWORD, furnish, judged

Run = Callable[..., Any]
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
  config:
    path: members.csv
    record: person
    map: {id: id, full_name: name, valid_until: until}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: hikvision
  config: {url: URL, username: admin, password: {secret: DOOR}}
  people:
    - from: members
      key: "{id}"
      name: "{full_name}"
      valid: {until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
  policy: {pace: 0}
"""
MEMBERS = "id,name,until\n1001,Åsa Öberg,2030-12-31\n1002,Živa Čuk,2030-12-31\n"


@pytest.fixture
def site(door: Any, trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A folder with specs and members, and the password in the store."""
    furnish(trueup, monkeypatch, SPECS.replace("URL", door.url), MEMBERS)
    return trueup


def test_from_the_first_plan_to_drift_and_back(site: Run, door: Any) -> None:
    said = [site("validate"), site("test"), site("plan")]
    assert [s.code for s in said] == [0, 0, 5]
    assert "serial A1" in said[1].out
    assert "trueup plan --bootstrap" in said[2].out

    assert site("apply", "--auto-approve").code == 5
    assert site("plan", "--bootstrap", "--detailed-exitcode", "--out", "plan.json").code == 2
    applied = site("apply", "plan.json", "--auto-approve")
    assert (applied.code, "All that was planned is done: 2 changes done" in applied.out) == (0, True)
    assert site("plan", "--detailed-exitcode").code == 0
    assert site("apply", "--auto-approve").out.startswith("No changes: nothing to do on 1 resource.")

    valid = {**door.persons["1001"]["Valid"], "endTime": "2037-12-31T23:59:59"}
    door.edit_at_the_door("1001", Valid=valid)
    drift = site("drift")
    assert (drift.code, "2037-12-31 -> " in drift.out) == (2, True)
    assert site("apply", "--auto-approve").code == 0
    assert site("drift").code == 0
    everything = "".join(s.out + s.err for s in [*said, applied, drift])
    assert PASSWORD not in everything


def test_a_source_that_lost_many_is_no_success_until_somebody_allows_it(site: Run, door: Any) -> None:
    members = "id,name,until\n" + "".join(f"{n},Member {n},2030-12-31\n" for n in range(1001, 1021))
    Path("specs/members.csv").write_text(members, encoding="utf-8")
    assert site("apply", "--bootstrap", "--auto-approve").code == 0
    Path("specs/members.csv").write_text("\n".join(members.splitlines()[:11]) + "\n", encoding="utf-8")
    said = [site("plan"), site("apply", "--auto-approve")]
    assert [s.code for s in said] == [5, 5] and all("--allow source-shrink:members" in s.out for s in said)
    assert len(door.persons) == 20
    allowed = ("--allow", "source-shrink:members", "--allow", "revoke:Device/front-door=10")
    assert site("plan", *allowed).code == 0


def test_json_outputs_agree_with_their_schemas(site: Run) -> None:
    assert judged("plan", site("plan", "-o", "json", "--bootstrap").out)["summary"]["changes"] == 2
    assert judged("validate", site("validate", "-o", "json").out)["valid"] is True
    run = judged("run", site("apply", "--bootstrap", "--auto-approve", "-o", "json").out)
    assert run["run"]["counts"] == {"done": 2}
    assert judged("run", site("apply", "--auto-approve", "-o", "json").out)["run"]["rollup"] == "success"
    assert judged("drift", site("drift", "-o", "json").out)["summary"]["drifted"] == 0
    assert judged("status", site("status", "-o", "json").out)["resources"][0]["owned"] == {"person": 2}
    assert judged("test", site("test", "-o", "json").out)["results"][1]["identity"] == "A1"
    assert "owned: 2 person" in site("status").out


def test_a_door_that_is_not_there_is_told_apart_from_one_that_agrees(site: Run) -> None:
    text = Path("specs/site.yaml").read_text(encoding="utf-8")
    Path("specs/site.yaml").write_text(text.replace("url: http://127.0.0.1", "url: http://127.0.0.2"), encoding="utf-8")
    assert site("test", "Device/*").code == 4
    assert site("plan").code == 4
    assert site("drift").code == 4
    nothing = site("apply", "--auto-approve", "-o", "json")
    assert (nothing.code, json.loads(nothing.out)["run"]["rollup"]) == (4, "parked")


def test_nothing_is_applied_without_a_yes(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = site("apply", "--bootstrap")
    assert (alone.code, "--auto-approve" in alone.err) == (1, True)

    monkeypatch.setattr("controller.cli.session.must_be_able_to_ask", lambda: None)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    refused = site("apply", "--bootstrap")
    assert (refused.code, "error: you did not say yes, so nothing was done\n" in refused.err) == (130, True)

    asked: list[str] = []

    def say_yes(question: str, **_: Any) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr(click, "confirm", say_yes)
    assert site("apply", "--bootstrap").code == 0
    assert asked == ["Do these 2 changes (2 give access, 0 take it)?"]
    assert site("apply", "--resume", "latest").code == 0
    assert asked[1] == "Go on with run latest?"


def test_a_plan_file_that_was_edited_is_not_applied(site: Run) -> None:
    site("plan", "--bootstrap", "--out", "plan.json")
    plan = Path("plan.json")
    plan.write_text(plan.read_text(encoding="utf-8").replace("2030-12-31", "2036-12-31"), encoding="utf-8")
    assert site("apply", "plan.json", "--auto-approve").code == 6


def test_an_offline_plan_is_never_applied(site: Run) -> None:
    assert site("apply", "--bootstrap", "--auto-approve").code == 0
    Path("specs/members.csv").write_text(MEMBERS.replace("2030", "2031"), encoding="utf-8")
    planned = site("plan", "--offline", "--out", "plan.json")
    assert planned.code == 5 or "cannot be applied" in planned.out
    assert site("apply", "plan.json", "--auto-approve").code in (1, 5, 6)


@pytest.mark.parametrize(
    "arguments",
    [("plan.json", "--bootstrap"), ("--resume", "r1", "plan.json"), ("--resume", "r1", "--only", "person"), ("--wait", "soon")],
)
def test_apply_refuses_what_contradicts_itself(site: Run, arguments: tuple[str, ...]) -> None:
    assert site("apply", *arguments, "--auto-approve").code == 1


def test_a_target_that_nobody_declared_is_a_mistake(site: Run) -> None:
    said = site("plan", "--target", "Device/back-door")
    assert (said.code, "there are:" in said.err) == (1, True)


def test_specs_with_mistakes_are_shown_by_every_command(trueup: Run) -> None:
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text("apiVersion: trueup/v1\nkind: Devise\n", encoding="utf-8")
    validated = trueup("validate")
    assert (validated.code, "specs/a.yaml:2" in validated.out) == (3, True)
    planned = trueup("plan")
    assert (planned.code, "specs/a.yaml:2" in planned.err) == (3, True)
    assert "::error" in trueup("validate", "-o", "github").out


def test_what_init_writes_is_valid_and_never_overwritten(trueup: Run) -> None:
    begun = trueup("init")
    assert (begun.code, "trueup validate" in begun.err) == (0, True)
    assert Path(".trueup/key").stat().st_mode & 0o077 == 0
    assert trueup("validate").code == 0
    again = trueup("init")
    assert (again.code, "would be overwritten" in again.err) == (1, True)
    elsewhere = trueup("init", "other")
    assert (elsewhere.code, "cd other" in elsewhere.err, Path("other/.trueup/key").exists()) == (0, True, True)


def test_init_leaves_the_key_of_a_pipeline_alone(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_KEY", "x")
    assert trueup("init").code == 0
    assert not Path(".trueup/key").exists()


# -- secrets -----------------------------------------------------------------------------------------------------------------


def test_secrets_go_in_and_only_their_names_come_out(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no secret yet" in trueup("secrets", "list").err
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
    stored = trueup("secrets", "set", "DOOR")
    listed = trueup("secrets", "list")
    assert listed.out.startswith("DOOR  set 2")
    assert PASSWORD not in stored.out + stored.err + listed.out + listed.err
    assert PASSWORD.encode() not in Path(".trueup/state.db").read_bytes()
    assert trueup("secrets", "rm", "DOOR").code == 0
    assert trueup("secrets", "rm", "DOOR").code == 1


def test_an_empty_secret_is_a_mistake(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert trueup("secrets", "set", "DOOR").code == 1


def test_a_secret_is_typed_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    how: dict[str, Any] = {}
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))

    def prompt(text: str, **given: Any) -> str:
        how.update(given)
        return "typed"

    monkeypatch.setattr(click, "prompt", prompt)
    assert secrets_command._value("DOOR") == "typed"
    assert how["hide_input"] is True and how["err"] is True


def test_a_secret_has_no_place_among_the_arguments(trueup: Run) -> None:
    assert trueup("secrets", "set", "DOOR", "value").code == 1


def test_a_key_is_made_once(trueup: Run) -> None:
    assert trueup("secrets", "key").code == 0
    assert trueup("secrets", "key").code == 1


# -- protections, simulators, schemas ----------------------------------------------------------------------------------------


def test_protections_outlive_their_spec_until_released(site: Run) -> None:
    assert "nothing is protected" in site("protections", "list").err
    text = Path("specs/site.yaml").read_text(encoding="utf-8")
    Path("specs/site.yaml").write_text(text.replace("{pace: 0}", "{pace: 0, protect: [person/9*]}"), encoding="utf-8")
    assert site("apply", "--bootstrap", "--auto-approve").code == 0
    assert "person/9*  never changed" in site("protections", "list").out
    assert site("protections", "release", "Device/front-door", "person/9*").code == 0
    assert site("protections", "release", "Device/front-door", "person/9*").code == 1


@pytest.mark.parametrize(
    "content", ["a: [", "simulators: []", "- x", "simulators: [{port: 1}]", "simulators: [{simulator: x, port: y}]"]
)
def test_a_description_of_nothing_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError):
        described(file)


def test_a_simulator_without_such_an_option_says_so() -> None:
    with pytest.raises(UsageError, match="hikvision"):
        started({"simulator": "hikvision", "options": {"colour": "red"}})
    assert callable(started({"simulator": "cardskipper", "options": {"members": 1}}))


def test_simulators_run_until_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("simulators: [{simulator: hikvision}, {simulator: cardskipper, options: {members: 1}}]", encoding="utf-8")
    call = [sys.executable, "-c", "from controller.cli import main; main()", "simulate", str(file)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert lines[0].startswith("hikvision listens on http://127.0.0.1:")


def test_simulators_say_where_they_listen(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("s.yaml").write_text("simulators: [{simulator: cardskipper, port: 8102, options: {members: 1}}]", encoding="utf-8")

    def run_forever(apps: list[tuple[Any, int]], *, ready: Callable[[list[Any]], None]) -> None:
        assert [port for _, port in apps] == [8102]
        ready([SimpleNamespace(url="http://127.0.0.1:8102")])

    monkeypatch.setattr("controller.sdk.loopback.run_forever", run_forever)
    said = trueup("simulate", "s.yaml")
    assert (said.code, said.out) == (0, "cardskipper listens on http://127.0.0.1:8102\n")


def test_schemas_are_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "schemas"
    assert main([str(folder)]) == 0
    assert main(["--check", str(folder)]) == 0
    (folder / "left-over.json").write_text("{}", encoding="utf-8")
    (folder / "plan.json").write_text("{}", encoding="utf-8")
    assert outdated(folder, all_schemas()) == ["plan.json", "left-over.json"]
    assert main(["--check", str(folder)]) == 1
    assert "make schemas" in capsys.readouterr().err
    assert main([str(folder)]) == 0
    assert not (folder / "left-over.json").exists()


def test_every_output_has_a_schema_with_a_version() -> None:
    for name, schema in output_schemas().items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(name.removesuffix(".json"))


# -- stopping ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (RunResult("r", Rollup.SUCCESS, "", ""), Exit.FINE),
        (RunResult("r", Rollup.PARKED, "", ""), Exit.PARTLY),
        (RunResult("r", Rollup.PARTIAL, "", "", cancelled=True), Exit.CANCELLED),
    ],
)
def test_how_a_run_ended_is_its_exit_code(result: RunResult, code: Exit) -> None:
    assert exit_of_run(result) is code


def test_the_first_interruption_stops_gently_and_the_second_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> str:
        async with stopping(Talk()) as stop:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.wait_for(stop.wait(), 5)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(5)
        return "not stopped"

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    assert "Ctrl-C again" in capsys.readouterr().err


def test_where_signals_cannot_be_had_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> bool:
        def refuse(*_: Any) -> None:
            raise NotImplementedError

        monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", refuse, raising=False)
        async with stopping(Talk()) as stop:
            return stop.is_set()

    assert asyncio.run(work()) is False


def test_a_full_disk_loses_no_old_plan(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("plan.json").write_text("old", encoding="utf-8")

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    said = site("plan", "--bootstrap", "--out", "plan.json")
    assert (said.code, "No space left on device" in said.err) == (1, True)
    assert Path("plan.json").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("place", [".", "no-such-folder/plan.json"])
def test_a_plan_saved_to_no_file_is_a_plain_error(site: Run, place: str) -> None:
    said = site("plan", "--bootstrap", "--out", place)
    assert (said.code, "name a file, in a folder that is there" in said.err) == (1, True)


def test_a_selection_by_record_that_contradicts_itself_is_refused_before_anything_is_read(trueup: Run) -> None:
    for verb in ("plan", "apply"):
        assert "in two ways" in trueup(verb, "--record", "a:1", "--where", "a.b=1").err
        assert "--destroy knows no records" in trueup(verb, "--record", "a:1", "--destroy").err
        assert "--refresh-only knows no records" in trueup(verb, "--where", "a.b=1", "--refresh-only").err
    assert "--resume goes on with a run as it is" in trueup("apply", "--resume", "latest", "--record", "a:1").err
