"""The example with a database of employees: its commands, with fewer people, against its own simulators over real sockets."""

from __future__ import annotations

import io
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from controller.cli.app import run
from controller.sdk.loopback import serve_in_thread
from examples.employees.__main__ import PORT, main, stage
from examples.employees.company import (
    BUCKET,
    EMPTY_PICTURE,
    KEY,
    LARGE_PICTURE,
    LOCKED,
    LOST_PICTURE,
    ON_LEAVE,
    SILENT,
    SUSPENDED,
    TERMINALS,
    WHOLE_NAME,
    WITHOUT_PICTURE,
    Company,
)
from examples.employees.portraits import portrait

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "employees"
COUNT = 20
BROKEN = {SILENT, LOCKED}
WITHOUT_FACE = {WITHOUT_PICTURE, EMPTY_PICTURE, LOST_PICTURE}


@dataclass
class Site:
    """The example at work: ``trueup`` runs a command in this process and gives its exit code."""

    company: Company
    database: str  # its address
    environ: dict[str, str]

    def trueup(self, *arguments: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("TRUEUP_TRUST", "TRUEUP_KEY", "TRUEUP_VARS"):
                patch.delenv(name, raising=False)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            return run(arguments)

    @property
    def working(self) -> list[Any]:
        return [one for number, one in enumerate(self.company.terminals, 1) if number not in BROKEN]

    def change(self, table: str, where: str, **fields: object) -> None:
        """As the application would."""
        headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
        answer = httpx.patch(f"{self.database}/rest/v1/{table}?{where}", json=fields, headers=headers)
        assert answer.status_code == 204, answer.text


@contextmanager
def at_work(folder: Path) -> Iterator[Site]:
    company = Company(COUNT)
    apps = [(one.app, 0) for number, one in enumerate(company.terminals, 1) if number != SILENT]
    with socket.socket() as silent, serve_in_thread(apps) as served:
        silent.bind(("127.0.0.1", 0))  # bound, and never listened at
        ports = [one.port for one in served]
        ports.insert(SILENT - 1, silent.getsockname()[1])
        with serve_in_thread([(company.database(ports).app, 0)]) as (database,):
            text = (FOLDER / "specs" / "employees.yaml").read_text(encoding="utf-8")
            (folder / "employees.yaml").write_text(text.replace(f"http://127.0.0.1:{PORT}", database.url), encoding="utf-8")
            paths = {"TRUEUP_SPECS": str(folder), "TRUEUP_STATE": str(folder / ".trueup")}
            yield Site(company, database.url, paths | {"SUPABASE_KEY": KEY})


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """After the commands of the README, up to the first apply; nobody changes anything here."""
    with at_work(tmp_path_factory.mktemp("employees")) as site:
        assert site.trueup("plan", "--bootstrap") == 4
        assert site.trueup("apply", "--bootstrap", "--auto-approve") == 4
        yield site


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def _expected(company: Company) -> set[str]:
    everybody = {row["employee_no"] for row in company.biometrics}
    return {str(number) for number in everybody - {SUSPENDED, ON_LEAVE}}


# -- all to all --------------------------------------------------------------------------------------------------------------


def test_ten_terminals_hold_every_active_employee_with_a_face(synced: Site) -> None:
    expected = _expected(synced.company)
    assert len(synced.working) == TERMINALS - 2 and len(expected) == COUNT - 3
    for terminal in synced.working:
        assert set(terminal.persons) == expected
        assert set(terminal.faces) == expected - {str(number) for number in WITHOUT_FACE}
        assert terminal.persons["1001"]["Valid"]["endTime"] == "2037-12-31T23:59:59"


def test_the_locked_terminal_gets_nobody_and_is_asked_once(synced: Site) -> None:
    locked = synced.company.terminals[LOCKED - 1]
    assert not locked.persons and locked.faults.unauthorized <= 2  # the challenge, and one answer to it


def test_names_come_whole_with_their_letters(synced: Site) -> None:
    names = {row["nume_complet"] for row in synced.company.employees}
    for terminal in synced.working:
        assert {person["name"] for person in terminal.persons.values()} <= names
        assert str(WHOLE_NAME) in terminal.persons


def test_a_large_png_was_made_fit(synced: Site) -> None:
    for terminal in synced.working:
        body = terminal.faces[str(LARGE_PICTURE)]
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.format == "JPEG" and max(picture.size) <= 800 and len(body) <= 200 * 1024


def test_a_second_plan_is_empty_but_for_the_pictures_that_are_none(synced: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert synced.trueup("plan", "-o", "json") == 4
    plan = _json(capsys)["plan"]
    assert Counter((change["kind"], change["key"]) for change in plan["changes"]) == {
        ("face", str(EMPTY_PICTURE)): 10,
        ("face", str(LOST_PICTURE)): 10,
    }
    parked = [one["message"] for one in plan["resources"] if one["condition"] == "parked"]
    assert len(parked) == 2 and "refused the connection" in parked[0] and "refused this name and password" in parked[1]


def test_each_person_on_each_terminal_has_a_result(synced: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert synced.trueup("show", "last", "-o", "json") == 0
    shown = capsys.readouterr().out
    assert "finds no face in the picture" in shown and "has no picture there" in shown and "there is no employee number" in shown


def test_no_password_and_no_key_is_shown(synced: Site, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["plan", "--verbose"], ["show", "last"], ["status"], ["why", "--record", f"employees:{_id(1)}"]):
        synced.trueup(*command)
    told = "".join(capsys.readouterr())
    assert "Open-Sesame" not in told and KEY not in told and "Changed-At-The-Door" not in told


def _id(index: int) -> str:
    return f"a0000000-0000-4000-8000-{index:012}"


# -- one employee, one picture -----------------------------------------------------------------------------------------------


def test_one_employee_or_one_picture_goes_to_all_terminals_and_nobody_else_is_touched(tmp_path: Path) -> None:
    with at_work(tmp_path) as site:
        assert site.trueup("apply", "--bootstrap", "--auto-approve") == 4
        before = site.working[0].faces["1001"]

        site.change("angajati_biometrie", "employee_no=eq.1001", foto_fata_url="faces/1010.jpg")
        site.change("angajati", f"id=eq.{_id(10)}", prenume="Altfel")
        assert site.trueup("apply", "--where", "employees.employee_no=1001", "--only", "face", "--auto-approve") == 4
        for terminal in site.working:
            assert terminal.faces["1001"] == terminal.faces["1010"] != before and "Altfel" not in terminal.persons["1010"]["name"]

        site.change("angajati", f"id=in.({_id(1)},{_id(10)})", status="suspendat")
        assert site.trueup("apply", "--where", "employees.employee_no=1001", "--auto-approve") == 4
        for terminal in site.working:
            assert terminal.persons["1001"]["Valid"]["endTime"] < "2001" and "1001" not in terminal.faces
            assert terminal.persons["1010"]["Valid"]["endTime"] > "2037" and "1010" in terminal.faces


def test_with_stop_nothing_is_sent_while_a_terminal_is_broken(tmp_path: Path) -> None:
    with at_work(tmp_path) as site:
        spec = tmp_path / "employees.yaml"
        spec.write_text(spec.read_text(encoding="utf-8").replace("onFatal: park", "onFatal: stop"), encoding="utf-8")
        assert site.trueup("apply", "--bootstrap", "--auto-approve") == 4
        assert not any(terminal.persons for terminal in site.working)


# -- what is shipped ---------------------------------------------------------------------------------------------------------


def test_the_simulated_rows_are_those_of_the_schema() -> None:
    schema = (FOLDER / "schema.sql").read_text(encoding="utf-8")
    company = Company(COUNT)
    tables = company.database([9] * TERMINALS).tables
    for name, rows in tables.items():
        found = re.search(rf"create table {name} \((.*?)\n\);", schema, re.DOTALL)
        assert found is not None, name
        columns = set(re.findall(r"^    (\w+)", found[1], re.MULTILINE))
        assert all(row.keys() == columns for row in rows), name
    assert BUCKET in schema


def test_portraits_are_the_same_each_time_small_and_all_different() -> None:
    made = [portrait(number) for number in range(1000, 1020)]
    assert made == [portrait(number) for number in range(1000, 1020)] and len(set(made)) == len(made)
    assert max(map(len, made)) < 15_000


def test_the_readme_names_the_key_and_the_ports_that_the_example_has() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"SUPABASE_KEY={KEY}" in readme and f"http://127.0.0.1:{PORT}/rest/v1/angajati?id=eq.{_id(1)}" in readme
    assert f"http://127.0.0.1:{PORT}/rest/v1" in (FOLDER / "specs" / "employees.yaml").read_text(encoding="utf-8")


def test_everything_listens_but_the_silent_terminal() -> None:
    ports = [port for _, port in stage(Company(10))]
    assert sorted(ports) == [PORT + number for number in range(TERMINALS + 1) if number != SILENT]


def test_a_company_without_its_special_cases_is_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--employees", "3"]) == 1
    assert "at least 10" in capsys.readouterr().err
