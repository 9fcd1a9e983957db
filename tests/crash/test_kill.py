"""A real process, a real SIGKILL, a real socket: run again, it ends the same and writes nothing twice that can be looked up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.sdk.loopback import serve_in_thread
from providers.hikvision.simulator import Terminal

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Door-12345"
SPEC = """
apiVersion: trueup/v1
kind: Controller
metadata: {{name: main}}
spec: {{timezone: Europe/Stockholm}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: members}}
spec:
  provider: csv
  config: {{path: members.csv, key: id, map: {{id: id, full_name: name, valid_until: until, card_no: card}}}}
---
apiVersion: trueup/v1
kind: Device
metadata: {{name: front-door}}
spec:
  provider: hikvision
  config: {{url: "{url}", username: admin, password: {{env: DOOR_PASSWORD}}}}
  people:
    - from: members
      key: "{{id}}"
      name: "{{full_name}}"
      valid: {{from: "2026-01-01", until: "{{valid_until}}"}}
      doors: [{{door: 1, plan: 1}}]
      cards: "{{card_no}}"
  policy: {{pace: 0, adopt: matching, onRemoval: delete}}
"""
ROWS = [
    "1001,Åsa Öberg,2036-12-31,555001",
    "1002,Žan Kovač,2036-12-31,",
    "1003,O'Neill,2036-06-30,555003",
    "1004,Bo Ek,2036-12-31,555004",
    "1005,Eva Lund,2036-12-31,",
]


@dataclass
class Place:
    """A terminal that listens, and a workspace for it; each attempt is a process."""

    folder: Path
    terminal: Terminal

    def run(self, kill_at: int = -1) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "tests.crash.applying",
            str(self.folder / "specs"),
            str(self.folder / "state"),
            str(kill_at),
        ]
        environ = {**os.environ, "DOOR_PASSWORD": PASSWORD}
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=50, check=False)

    def writes(self) -> Counter[str]:
        """The calls that took effect, by what they do."""
        calls = [call for call in self.terminal.log if call.status == 200 and call.method in ("POST", "PUT", "DELETE")]
        return Counter(call.path.removeprefix("/ISAPI/AccessControl/") for call in calls if not call.path.endswith("Search"))

    def holds(self) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
        persons = {key: (person["name"], person["Valid"]["endTime"]) for key, person in self.terminal.persons.items()}
        return persons, {number: card["employeeNo"] for number, card in self.terminal.cards.items()}


def terminal() -> Terminal:
    """Already there: one person as declared, one whose period is too short, and a stranger."""
    made = Terminal(password=PASSWORD)
    valid = {"beginTime": "2026-01-01T00:00:00", "endTime": "2036-12-31T23:59:59", "enable": True, "timeType": "local"}
    made.add_person("1002", "Žan Kovač", Valid=valid)
    made.add_person("1004", "Bo Ek", Valid={**valid, "endTime": "2026-02-01T23:59:59"})
    made.add_person("900", "Somebody Else")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    door = terminal()
    with serve_in_thread([(door, 0)]) as [served]:
        (tmp_path / "specs").mkdir()
        (tmp_path / "specs" / "door.yaml").write_text(SPEC.format(url=served.url))
        (tmp_path / "specs" / "members.csv").write_text("\n".join(["id,name,until,card", *ROWS]) + "\n")
        yield Place(tmp_path, door)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Counter[str], object]:
    """How many steps a run has that nobody kills, what it writes, and how it ends."""
    folder, door = tmp_path_factory.mktemp("clean"), terminal()
    with serve_in_thread([(door, 0)]) as [served]:
        (folder / "specs").mkdir()
        (folder / "specs" / "door.yaml").write_text(SPEC.format(url=served.url))
        (folder / "specs" / "members.csv").write_text("\n".join(["id,name,until,card", *ROWS]) + "\n")
        place = Place(folder, door)
        done = place.run()
        assert done.stdout.endswith(" success\n"), done.stderr
        assert "900" in door.persons and len(door.persons) == 6 and len(door.cards) == 3
        return int(done.stdout.split()[0]), place.writes(), place.holds()


@pytest.mark.parametrize("part", range(1, 9))
def test_a_killed_run_is_finished_by_the_next_and_nothing_is_written_twice(
    place: Place, clean: tuple[int, Counter[str], object], part: int
) -> None:
    steps, writes, end = clean
    killed = place.run(steps * part // 9)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = place.run()
    assert again.stdout.endswith(" success\n"), again.stderr
    assert place.holds() == end
    assert place.writes() == writes
    third = place.run()
    assert third.stdout.endswith(" success\n") and place.writes() == writes
