"""The demo at reduced size, over real sockets and through the real command, and the specs that this repository ships."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.cli.commands.program.simulate import described, started
from controller.sdk.loopback import serve_in_thread
from controller.spec.load import check_specs
from examples.club import members, numbers_table
from examples.demo import PORTS, Club, DemoStopped, Shell, environment, invitation, main, must_be_free, play, specs_for, stage

ROOT = Path(__file__).resolve().parent.parent
MEMBERSHIP = ROOT / "examples" / "membership"
FOLDERS = [ROOT / "specs", *sorted(ROOT.glob("examples/*/specs"))]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Club]]:
    """Everything that the demo prints, and the club as it stands afterwards."""
    folder = tmp_path_factory.mktemp("demo") / "work"
    shown = folder.parent / "shown.txt"
    club = Club.of(60)
    with stage(club, (0, 0, 0, 0), folder) as given, shown.open("w", encoding="utf-8") as out:
        try:
            play(Shell(environment({**given, "NO_COLOR": "1"}), out=out), club)
        except DemoStopped as stopped:
            pytest.fail(f"{stopped}\n{shown.read_text(encoding='utf-8')}")
    yield shown.read_text(encoding="utf-8"), club


def _answers(shown: str, command: str) -> list[str]:
    """What was printed after each prompt with this command, in order."""
    parts = re.split(r"^\$ ", shown, flags=re.MULTILINE)[1:]
    return [rest for line, _, rest in (part.partition("\n") for part in parts) if line == command]


def test_the_first_plan_asks_for_consent_and_says_what_is_there(played: tuple[str, Club]) -> None:
    [plan] = _answers(played[0], "trueup plan")
    assert "--bootstrap" in plan
    for told in ("are added and may enter", "are taken over, access stays the same", "gets less access", "not ours"):
        assert told in plan or told.replace("gets", "get") in plan, told


def test_the_plan_names_everybody_who_cannot_be_followed(played: tuple[str, Club]) -> None:
    [plan] = _answers(played[0], "trueup plan")
    for code in ("join-ambiguous", "join-no-partner", "join-value-missing", "identity-differs", "not-there"):
        assert f"[{code}]" in plan


def test_a_second_plan_is_empty(played: tuple[str, Club]) -> None:
    [plan] = _answers(played[0], "trueup plan --detailed-exitcode")
    assert re.search(r"No changes: nothing to do on 3 resources; \d+ cases left alone, see below\.", plan)


def test_what_somebody_changed_at_the_doors_is_found_and_put_right(played: tuple[str, Club]) -> None:
    before, after = _answers(played[0], "trueup drift")
    assert "4 entries changed at the target" in before  # a person with a card counts twice
    for told in ("was changed at the target", "was removed at the target", "Device/front-door", "Device/sauna"):
        assert told in before
    assert "No drift" in after


def test_the_doors_hold_what_the_register_says_and_strangers_stay(played: tuple[str, Club]) -> None:
    _, club = played
    checked = 0
    for member in club.everybody:
        if member.employee_no and member.may_enter:
            person = club.front.persons[member.employee_no]
            assert (person["name"], person["Valid"]) == (member.name, member.valid)
            checked += 1
    assert checked > 40
    assert club.gym.persons["1"]["name"] == "Installer"
    assert {f"9{number:03}" for number in range(1, 15)} <= club.gym.persons.keys()
    assert club.gym.persons["1013"]["name"] == "Night Watch"


def test_no_password_is_shown(played: tuple[str, Club]) -> None:
    assert "Open-Sesame" not in played[0]
    assert "register-1" not in played[0]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_spec_that_is_shipped_is_valid(folder: Path) -> None:
    specs, diagnostics = check_specs([folder])
    assert diagnostics == []
    assert specs is not None and (specs.targets or specs.generators)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_every_spec_that_is_shipped_names_a_schema_that_is_there(folder: Path) -> None:
    for file in folder.glob("*.yaml"):
        named = re.match(r"# yaml-language-server: \$schema=(\S+)", file.read_text(encoding="utf-8"))
        assert named is not None and (folder / named[1]).resolve() == ROOT / "schemas" / "trueup.json"


def test_the_shipped_table_of_numbers_is_that_of_the_register() -> None:
    """After a change to the register's generator: write it anew with examples.club.numbers_table."""
    assert (ROOT / "specs" / "data" / "ids.csv").read_text(encoding="utf-8") == numbers_table(members())


def test_a_port_that_is_taken_is_named_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DemoStopped, match=str(port)):
            must_be_free((port,))
        assert main({"PORT": str(port)}) == 1
    assert "make demo PORT=" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["x", "0", "99999", "-1"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"PORT": port}) == 1
    assert f"PORT={port}" in capsys.readouterr().err


def test_the_usual_ports_take_the_shipped_specs_and_others_a_copy(tmp_path: Path) -> None:
    assert specs_for(PORTS, tmp_path) == ROOT / "specs"
    copy = specs_for((1, 2, 3, 4), tmp_path)
    assert "http://127.0.0.1:3\n" in (copy / "doors.yaml").read_text(encoding="utf-8")
    assert check_specs([copy])[1] == []


def test_the_demo_is_not_led_astray_by_settings_for_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_STATE", "/somewhere/else")
    assert "TRUEUP_STATE" not in environment({})


def test_the_invitation_names_what_is_there(tmp_path: Path) -> None:
    club = Club.of(60)
    text = invitation({"TRUEUP_STATE": str(tmp_path)}, PORTS, club)
    somebody = re.search(r'"employeeNo": "(\w+)"', text)
    assert somebody is not None and somebody[1] in club.front.persons
    wanted = re.search(r"'s/(.*)/(.*)/'", text)
    assert wanted is not None and wanted[1] in (ROOT / "specs" / "doors.yaml").read_text(encoding="utf-8")


def test_the_membership_example_agrees_after_one_apply(tmp_path: Path) -> None:
    entries = described(MEMBERSHIP / "simulators.yaml")
    given = {"CARDSKIPPER_USERNAME": "club", "CARDSKIPPER_PASSWORD": "register-1", "IVMS_PASSWORD": "Open-Sesame-1"}
    with serve_in_thread([(started(entry), 0) for entry in entries]) as served:
        specs = _moved_copy(tmp_path, {str(e["port"]): str(s.port) for e, s in zip(entries, served, strict=True)})
        given |= {"TRUEUP_STATE": str(tmp_path / ".trueup"), "TRUEUP_SPECS": str(specs)}
        with (tmp_path / "shown.txt").open("w", encoding="utf-8") as out:
            shell = Shell(environment(given), out=out)
            shell.run("trueup apply --auto-approve --bootstrap")
            shell.run("trueup plan --detailed-exitcode")
    shown = (tmp_path / "shown.txt").read_text(encoding="utf-8")
    for told in ("[join-ambiguous]", "[join-no-partner]", "Somebody Else", "3 not ours", "No changes"):
        assert told in shown


def _moved_copy(folder: Path, ports: dict[str, str]) -> Path:
    """The example's specs and data, with other ports, the pace of a test, and the folders as they lie."""
    (folder / "data").mkdir()
    (folder / "specs").mkdir()
    table = (MEMBERSHIP / "data" / "ids.csv").read_text(encoding="utf-8")
    (folder / "data" / "ids.csv").write_text(table, encoding="utf-8")
    text = (MEMBERSHIP / "specs" / "membership.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda port: ports[port[0]], text).replace("pace: 100ms", "pace: 0")
    (folder / "specs" / "membership.yaml").write_text(text, encoding="utf-8")
    return folder / "specs"


def test_the_readme_of_the_example_uses_its_passwords() -> None:
    readme = (MEMBERSHIP / "README.md").read_text(encoding="utf-8")
    for entry in described(MEMBERSHIP / "simulators.yaml"):
        assert f"PASSWORD={entry['options']['password']}" in readme
