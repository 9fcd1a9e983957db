"""``import`` and ``dump`` from the outside: a simulated terminal on loopback with people whom nobody declared."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doors import PASSWORD, judged

Run = Callable[..., Any]
CARD = "0099887766"
SPECS = """\
# the gym   (call Åsa before you change it)
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec: {timezone: Europe/Stockholm}   # home
---
apiVersion: trueup/v1
kind:   Device
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: 'hikvision'
  config: {url: URL, username: admin, password: {env: DOOR}}   # DHCP
  people: []   # nobody yet
  # no pace in tests
  policy: {pace: 0}
# the end
"""
YEAR = {"enable": True, "beginTime": "2026-01-01T00:00:00", "endTime": "2030-12-31T23:59:59", "timeType": "local"}


@pytest.fixture
def door(door: Any) -> Any:
    """The door with people that nobody declared."""
    door.add_person("1001", "Åsa Öberg", Valid=YEAR)
    door.add_person("1002", "Živa Čuk", Valid={**YEAR, "endTime": "2030-12-31T12:30:00"})
    door.add_person("1003", "=HYPERLINK(1)", Valid=YEAR)
    door.add_person("1004", "For Ever", Valid={**YEAR, "enable": False})
    door.add_person("1005", "A Visitor", Valid=YEAR, userType="visitor")
    door.add_person("1006", "Two  Blanks", Valid=YEAR)
    door.add_person("7", "The Boss", Valid=YEAR, localUIRight=True)
    door.add_card("1001", CARD)
    return door


@pytest.fixture
def site(door: Any, trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    Path("specs").mkdir()
    Path("data").mkdir()
    Path("specs/site.yaml").write_text(SPECS.replace("URL", door.url), encoding="utf-8")
    monkeypatch.setenv("DOOR", PASSWORD)
    return trueup


def flat(text: str) -> str:
    return " ".join(text.split())


def writes(door: Any) -> list[str]:
    return [call.path for call in door.log if call.method in ("PUT", "DELETE") or call.path.endswith(("Record", "SetUp"))]


def fail_after(door: Any, pages: int) -> None:
    """From then on every page of persons is cut off in the middle."""
    door.faults.clear()
    door.faults.truncate(None, path="/ISAPI/AccessControl/UserInfo/Search", after=pages)


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# -- import ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cards", [(), ("--with-cards",)])
def test_from_a_door_full_of_strangers_to_an_empty_plan(site: Run, door: Any, cards: tuple[str, ...]) -> None:
    before = Path("specs/site.yaml").read_text()
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", *cards, "--auto-approve")
    assert said.code == 0, said.err
    for words in (
        "5 records",
        "which only you may read",
        "1 cell begins like a formula",
        "nothing is declared about administrators",
    ):
        assert words in flat(said.out), words
    assert "person 1006 (Two  Blanks): its name cannot be declared as it stands" in said.out
    assert writes(door) == []

    assert site("validate").code == 0
    plan = judged("plan", site("plan", "--detailed-exitcode", "-o", "json").out)
    assert (plan["summary"]["changes"], plan["plan"].get("notices", [])) == (0, [])
    assert plan["plan"]["resources"][0]["unchanged"] == 5 + len(cards)

    after = Path("specs/site.yaml").read_text()
    lines = iter(after.splitlines())
    assert all(line in lines for line in before.splitlines() if "people:" not in line)  # every byte of them, in their order
    assert "  people:   # nobody yet\n    - from: front-door-people\n" in after
    assert Path("data/front.csv").stat().st_mode & 0o777 == 0o600
    assert (CARD in Path("data/front.csv").read_text()) is bool(cards)
    assert CARD not in said.out + said.err
    assert {row["employee_no"] for row in rows("data/front.csv")} == {"1001", "1002", "1003", "1004", "1005"}


def test_what_is_written_down_keeps_the_door_as_it_is_through_an_apply(site: Run, door: Any) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--with-cards", "--auto-approve")
    people = {key: door.persons[key] for key in door.persons}
    assert site("apply", "--auto-approve").code == 0
    assert {key: door.persons[key] for key in door.persons} == people and CARD in door.cards
    table = Path("data/front.csv")
    table.write_text(table.read_text().replace("1001,Åsa Öberg", "1001,Åsa Nyberg"))
    assert site("apply", "--auto-approve").code == 0
    assert door.persons["1001"]["name"] == "Åsa Nyberg"


def test_a_dry_run_writes_nothing(site: Run, door: Any) -> None:
    before = Path("specs/site.yaml").read_bytes()
    said = site("import", "-l", "site=gym", "--write-records", "data/", "--dry-run", "-o", "json")
    row = judged("import", said.out)["resources"][0]
    assert (said.code, row["records"]["file"], row["records"]["rows"]) == (0, "data/front-door.csv", 5)
    assert "+    - from: front-door-people" in said.err
    assert Path("specs/site.yaml").read_bytes() == before and list(Path("data").iterdir()) == []
    said = site("import", "Device/front-door", "--dry-run")
    assert (said.code, "nothing is there that is declared and not ours yet" in said.out) == (0, True)


def test_the_json_of_an_import_tells_all_of_it(site: Run) -> None:
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve", "-o", "json")
    document = judged("import", said.out)
    assert (document["done"], document["run"]["rollup"], document["resources"][0]["taken"]) == (True, "success", {"person": 5})
    assert {row["key"] for row in document["resources"][0]["left"]} == {"7", "1006"}


def test_what_is_declared_already_is_taken_and_differences_are_shown(site: Run, door: Any) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    for file in Path(".trueup").glob("state.db*"):
        file.unlink()
    table = Path("data/front.csv")
    text = table.read_text().replace("1001,Åsa Öberg", "1001,Somebody Else").replace("2030-12-31T12:30:00", "2029-12-31")
    table.write_text(text)
    said = site("import", "Device/*", "--auto-approve")
    assert (said.code, "4 persons were taken into the inventory as they stand" in said.out) == (0, True)
    assert "~ person 1002 (Živa Čuk): valid: " in said.out and "person 1001 (Åsa Öberg) is there but not ours" in said.out
    assert "--adopt all takes it whatever its name" in said.out and "2 are there and declared by nobody" in said.out
    plan = judged("plan", site("plan", "-o", "json").out)["plan"]
    assert [(c["action"], c["key"]) for c in plan["changes"]] == [("update", "1002")]
    said = site("import", "Device/*", "--auto-approve", "--adopt", "all")
    assert "1 person was taken into the inventory as it stands" in said.out and writes(door) == []


def test_it_asks_before_it_takes(site: Run, door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.cli.session.must_be_able_to_ask", lambda: None)
    questions = []
    monkeypatch.setattr("click.confirm", lambda question, **_: questions.append(question))
    said = site("import", "Device/front-door", "--write-records", "data/front.csv")
    assert (said.code, questions) == (130, ["Write 5 records and 1 spec file, and take over who is declared then?"])
    assert list(Path("data").iterdir()) == []
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    for file in Path(".trueup").glob("state.db*"):
        file.unlink()
    said = site("import", "Device/front-door")
    assert (said.code, questions[1:]) == (130, ["Take these 5 into the inventory?"])
    assert "5 persons are to be taken" in said.out


WRONG = {
    (): "say what is to be taken over",
    ("Device/front-door",): "nobody is there to ask",
    ("Device/nope", "--dry-run"): "nothing declared matches Device/nope",
    ("Device/front-door:person/1", "--dry-run"): "import takes over whole resources",
    ("Device/front-door", "--with-cards", "--dry-run"): "--with-cards says what --write-records writes",
    ("-l", "site=pool", "--dry-run"): "nothing declared matches",
    ("Device/front-door", "--dry-run", "--write-records", "data/a.txt"): "is no name for a CSV file",
    ("Device/front-door", "--dry-run", "--write-records", "nowhere/a.csv"): "there is no folder nowhere",
    ("Device/front-door", "--dry-run", "--write-records", "data/there.csv"): "is there already and is not overwritten",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_meant_is_said_before_anything_is_done(site: Run, door: Any, words: tuple[str, ...]) -> None:
    Path("data/there.csv").write_text("mine\n")
    said = site("import", *words)
    assert (said.code, WRONG[words] in said.err, door.log) == (1, True, [])


def test_a_spec_that_changes_meanwhile_is_left_and_no_records_stay(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from controller.runtime import writing

    spec, real = Path("specs/site.yaml"), writing.carry_out

    def edited(draft: Any) -> Any:
        spec.write_text(spec.read_text() + "# a late thought\n")
        return real(draft)

    monkeypatch.setattr(writing, "carry_out", edited)
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    assert (said.code, "was changed meanwhile" in said.err) == (4, True)
    assert spec.read_text().endswith("# a late thought\n") and "front-door-people" not in spec.read_text()
    assert list(Path("data").iterdir()) == []


def test_records_that_appear_meanwhile_are_left(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from controller.runtime import writing

    real = writing.carry_out

    def late(draft: Any) -> Any:
        Path("data/front.csv").write_text("somebody else's\n")
        return real(draft)

    monkeypatch.setattr(writing, "carry_out", late)
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    assert (said.code, "appeared meanwhile" in said.err, Path("data/front.csv").read_text()) == (4, True, "somebody else's\n")


def test_a_list_that_others_share_is_not_written_into(site: Run) -> None:
    spec = Path("specs/site.yaml")
    spec.write_text(spec.read_text().replace("people: []   # nobody yet", "people: &nobody []"))
    before = spec.read_bytes()
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    assert (said.code, "is shared by an anchor" in flat(said.out), "- from: front-door-people" in said.out) == (4, True, True)
    assert spec.read_bytes() == before and list(Path("data").iterdir()) == []


def test_two_doors_of_one_file_and_one_that_is_away(site: Run) -> None:
    """What can be read is written and taken; what cannot says why; exit 4."""
    spec = Path("specs/site.yaml")
    device = SPECS[SPECS.index("apiVersion: trueup/v1\nkind:   Device") :]
    other = device.replace("front-door", "back-door").replace("URL", "http://127.0.0.1:1")
    spec.write_text(f"{spec.read_text()}---\n{other}")
    assert site("import", "-l", "site=gym", "--write-records", "data/all.csv", "--dry-run").code == 1
    said = site("import", "-l", "site=gym", "--write-records", "data/new/", "--auto-approve")
    assert (said.code, "! Device/back-door: " in said.out) == (4, True)
    assert [path.name for path in Path("data/new").iterdir()] == ["front-door.csv"]
    assert "5 persons were taken" in said.out


def test_when_nothing_can_be_read_nothing_is_written(site: Run, door: Any) -> None:
    door.gate.password = "another"
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve", "-o", "json")
    row = judged("import", said.out)["resources"][0]
    assert (said.code, row["ok"], row["records"], list(Path("data").iterdir())) == (4, False, None, [])
    said = site("import", "Device/front-door", "--auto-approve")
    assert (said.code, said.out.startswith("! Device/front-door: ")) == (4, True)


def test_cards_of_several_types_and_half_open_validity_are_left(site: Run, door: Any) -> None:
    door.add_card("1001", "12345", "superCard")
    door.edit_at_the_door("1002", Valid={"enable": True, "beginTime": "", "endTime": "2030-12-31T00:00:00"})
    door.edit_at_the_door("1003", Valid={"enable": True, "beginTime": "soon", "endTime": "late"})
    door.edit_at_the_door("1005", Valid={**YEAR, "beginTime": "2026-03-29T02:30:00"})
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--with-cards", "--dry-run", "--verbose")
    for reason in ("its cards are of several types", "open at one end", "its validity cannot be read", "does not exist in Europe"):
        assert reason in " ".join(said.out.split()), reason


def test_a_door_whose_new_name_is_not_applied_yet_is_not_written_down(site: Run) -> None:
    assert site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve").code == 0
    specs = Path("specs/site.yaml")
    moved = "spec: {timezone: Europe/Stockholm, moved: [{from: Device/front-door, to: Device/main}]}"
    text = specs.read_text(encoding="utf-8").replace("metadata: {name: front-door,", "metadata: {name: main,")
    specs.write_text(text.replace("spec: {timezone: Europe/Stockholm}", moved), encoding="utf-8")
    before = specs.read_bytes()
    said = site("import", "Device/main", "--write-records", "data/main.csv", "--auto-approve")
    assert (said.code, specs.read_bytes() == before, Path("data/main.csv").exists()) == (4, True, False)
    assert "it was Device/front-door, and that is not applied yet" in flat(said.out + said.err)


def test_a_json_spec_holds_one_document_only(site: Run, door: Any) -> None:
    from controller.spec.yaml import parse

    documents = [document.data for document in parse(Path("specs/site.yaml").read_text()).documents]
    Path("specs/site.yaml").unlink()
    for document in documents:
        Path(f"specs/{document['kind']}.json").write_text(json.dumps(document))
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--dry-run")
    assert (said.code, "is JSON, which holds one document only" in said.out) == (4, True)


def test_what_would_not_be_valid_is_shown_with_its_place(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from controller.runtime import writing

    monkeypatch.setattr(writing, "_free_name", lambda name, taken: "Not A Name")
    before = Path("specs/site.yaml").read_bytes()
    said = site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    assert (said.code, "Not A Name" in said.err, Path("specs/site.yaml").read_bytes()) == (3, True, before)


def test_a_name_that_is_taken_gets_a_number(site: Run) -> None:
    from controller.runtime.writing import _free_name

    assert _free_name("a-people", {"a-people", "a-people-2"}) == "a-people-3"
    assert len(_free_name("a" * 70, {"a" * 63})) == 63


def test_a_run_that_was_only_partly_done_says_what_is_left(site: Run, door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    for file in Path(".trueup").glob("state.db*"):
        file.unlink()
    from controller.runtime import intake

    real = intake.take

    async def moved(*given: Any, **more: Any) -> Any:
        door.edit_at_the_door("1001", name="Moved On")
        return await real(*given, **more)

    monkeypatch.setattr(intake, "take", moved)
    said = site("import", "Device/front-door", "--auto-approve")
    assert (said.code, "1 moved meanwhile, left alone" in said.out) == (4, True)


# -- dump --------------------------------------------------------------------------------------------------------------------


def test_a_dump_is_a_table_that_no_spreadsheet_computes(site: Run) -> None:
    said = site("dump", "Device/front-door", "--kind", "person", "--kind", "card")
    assert said.code == 0 and "8 entities" in said.err
    table = {row["key"]: row for row in csv.DictReader(said.out.splitlines())}
    assert table["1003"]["name"] == "'=HYPERLINK(1)" and table["7"]["guard"] == "is an administrator at the terminal"
    assert (table["1004"]["valid_from"], table["1002"]["valid_until"]) == ("for ever", "2030-12-31T12:30:00")
    assert table["1001"]["doors"] == "door 1"
    [card] = [row for row in table.values() if row["kind"] == "card"]
    assert (card["owner"], card["subject"]) == ("1001", "1001") and CARD not in said.out


@pytest.mark.parametrize("words", [(), ("--reveal",)])
@pytest.mark.parametrize("form", ["csv", "json", "json-lines", "yaml"])
def test_a_card_number_is_shown_only_to_who_asks_for_it(site: Run, form: str, words: tuple[str, ...]) -> None:
    said = site("dump", "Device/front-door", "--kind", "card", "-o", form, *words)
    assert (said.code, CARD in said.out, "warning" in said.err) == (0, bool(words), bool(words))


def test_a_dump_as_json_agrees_with_its_schema_and_yaml_is_the_same(site: Run) -> None:
    from controller.spec.yaml import parse

    document = judged("dump", site("dump", "Device/front-door", "-o", "json").out)
    assert (document["identity"], document["count"], document["complete"]) == ("A1", 7, True)
    assert document["entities"][0]["fields"]["valid"] == {"begin": "2026-01-01T00:00:00", "end": "2030-12-31T23:59:59"}
    [yaml] = parse(site("dump", "Device/front-door", "-o", "yaml").out).documents
    assert yaml.data == document
    lines = [json.loads(line) for line in site("dump", "Device/front-door", "-o", "json-lines").out.splitlines()]
    assert lines == [*document["entities"], {"complete": True, "count": 7}]


def test_an_empty_door_is_an_empty_list(site: Run, door: Any) -> None:
    from controller.spec.yaml import parse

    for key in list(door.persons):
        door.remove_at_the_door(key)
    assert judged("dump", site("dump", "Device/front-door", "-o", "json").out)["entities"] == []
    assert parse(site("dump", "Device/front-door", "-o", "yaml").out).documents[0].data["entities"] == []


@pytest.mark.parametrize("form", ["csv", "json", "json-lines", "yaml"])
def test_a_dump_that_ends_early_says_so_and_leaves_nothing_whole(site: Run, door: Any, form: str) -> None:
    for number in range(100):
        door.add_person(f"2{number:03}", f"Member {number}", Valid=YEAR)
    fail_after(door, pages=1)
    said = site("dump", "Device/front-door", "-o", form, "--out", "door.out")
    assert (said.code, "this is not all of it" in " ".join(said.err.split())) == (4, True)
    assert [path.name for path in Path().iterdir() if "door.out" in path.name] == []
    fail_after(door, pages=1)
    said = site("dump", "Device/front-door", "-o", form)
    assert said.code == 4 and "1001" in said.out and '"complete": true' not in said.out and "complete: true" not in said.out


def test_a_clock_that_is_wrong_is_told_and_stops_no_look(site: Run, door: Any) -> None:
    door.device.clock_offset = 3 * 3600.0
    said = site("dump", "Device/front-door")
    assert (said.code, "warning: Device/front-door: its clock is" in said.err) == (0, True)


def test_another_device_at_the_address_is_not_dumped(site: Run, door: Any) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    door.device.serial = "B2"
    said = site("dump", "Device/front-door")
    assert (said.code, said.out) == (4, "")


def test_records_of_a_source_are_dumped_with_what_cannot_be_read(site: Run) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--with-cards", "--auto-approve")
    with Path("data/front.csv").open("a") as file:
        file.write("1099,Late,not a date,2030-12-31,,door 1\n")
    said = site("dump", "Source/front-door-people")
    table = {row["key"]: row for row in csv.DictReader(said.out.splitlines())}
    assert (table["1001"]["full_name"], table["1001"]["card_numbers"], table["1002"]["card_numbers"]) == ("Åsa Öberg", "***", "")
    assert table["1099"]["problem"].startswith("valid_from: ") and CARD not in said.out
    assert CARD in site("dump", "Source/front-door-people", "--reveal").out
    assert judged("dump", site("dump", "Source/front-door-people", "-o", "json").out)["count"] == 6


NO_DUMP = {
    ("Device/nope",): "no spec declares Device/nope",
    ("Source/nope",): "no spec declares Source/nope",
    ("front",): "is not an address",
    ("Device/front-door:person/1",): "is one entity",
    ("Device/front-door", "--kind", "finger"): "keeps no finger",
    ("Device/front-door", "--out", "nowhere/x.csv"): "cannot be written",
}


@pytest.mark.parametrize("words", NO_DUMP)
def test_what_cannot_be_dumped_is_said(site: Run, words: tuple[str, ...]) -> None:
    said = site("dump", *words)
    assert (said.code, NO_DUMP[words] in said.err, said.out) == (1, True, "")


def test_records_have_no_kinds(site: Run) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    said = site("dump", "Source/front-door-people", "--kind", "person")
    assert (said.code, "have no kinds" in said.err) == (1, True)


def test_a_source_that_is_away_is_said(site: Run) -> None:
    site("import", "Device/front-door", "--write-records", "data/front.csv", "--auto-approve")
    Path("data/front.csv").unlink()
    said = site("dump", "Source/front-door-people")
    assert (said.code, "is not there" in said.err) == (4, True)


# -- a device that no spec declares ------------------------------------------------------------------------------------------


def new(door: Any, name: str = "back-door", provider: str = "hikvision") -> list[str]:
    login = ["--username", "admin", "--password-env", "DOOR"]
    return ["import", "--provider", provider, "--name", name, "--url", door.url, *login]


@pytest.fixture
def alone(site: Run) -> Run:
    """The settings alone: the door is declared by nobody."""
    Path("specs/site.yaml").write_text(SPECS[: SPECS.index("---\n")])
    return site


def test_a_device_that_no_spec_declares_is_declared_and_its_plan_is_empty(alone: Run, door: Any) -> None:
    shown = alone(*new(door), "--dry-run")
    assert (shown.code, "people: []" in shown.err, Path("specs/back-door.yaml").exists()) == (0, True, False)
    said = alone(*new(door), "--write-records", "data/back.csv", "--auto-approve")
    assert (said.code, "5 persons were taken" in said.out) == (0, True), said.err
    assert alone("plan", "--detailed-exitcode").code == 0 and writes(door) == []
    assert PASSWORD not in Path("specs/back-door.yaml").read_text()
    again = alone(*new(door), "--auto-approve")
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "provider", "what"),
    [("../door", "hikvision", "is no name"), ("b", "csv", "is a source"), ("b", "hikvisio", "Did you mean hikvision?")],
)
def test_what_can_be_no_device_is_not_declared(alone: Run, door: Any, name: str, provider: str, what: str) -> None:
    said = alone(*new(door, name, provider), "--auto-approve")
    assert (said.code, what in said.err, [p.name for p in Path("specs").iterdir()]) == (1, True, ["site.yaml"])


def test_a_device_that_would_not_be_valid_leaves_no_file(site: Run, door: Any) -> None:
    said = site(*new(door), "--auto-approve")  # the same address as the front door's
    assert (said.code, Path("specs/back-door.yaml").exists()) == (3, False)


def test_a_new_device_is_imported_alone(site: Run, door: Any) -> None:
    assert "is imported alone" in site("import", "--provider", "hikvision", "--dry-run").err
    assert "is imported alone" in site(*new(door), "Device/front-door", "--dry-run").err
    assert "no folder of specs" in site(*new(door), "-f", "specs/site.yaml", "--auto-approve").err


def test_it_asks_before_it_declares(alone: Run, door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.cli.session.must_be_able_to_ask", lambda: None)
    monkeypatch.setattr("click.confirm", lambda question, **_: False)
    assert (alone(*new(door)).code, Path("specs/back-door.yaml").exists()) == (130, False)
