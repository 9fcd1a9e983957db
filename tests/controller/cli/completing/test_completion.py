"""What Tab offers: as a shell asks for it, in a folder with specs and a state, and in one without either."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.cli.app import COMMANDS, run
from controller.cli.completing.shells import SHELLS
from controller.state.glance import MOST, Glance

Run = Callable[..., Any]
Tab = Callable[..., list[str]]
SPECS = """\
apiVersion: trueup/v1
kind: Device
metadata: {name: back-door, labels: {site: gym, floor: 2, broken: [1]}}
spec: {provider: hikvision, config: {password: {secret: back-door}}}
---
kind: Device
metadata: {name: terminal}
spec: {forEach: {source: terminals}}
---
kind: Source
metadata: {name: members}
spec: {provider: csv}
---
- half written
---
kind: Device
metadata: name
---
{kind: [Device
"""
MIGRATION = Path(__file__).parents[4] / "controller/state/migrations/0001_initial.sql"


def remember(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    connection = sqlite3.connect(folder / "state.db")
    connection.executescript(MIGRATION.read_text(encoding="utf-8"))
    for kind, key, label in (("person", "1001", "Åsa"), ("person", "1002", ""), ("person", "2001", ""), ("card", "0a/b", "")):
        connection.execute(
            "INSERT INTO inventory (resource, kind, entity_key, status, label) VALUES ('Device/old', ?, ?, 'owned', ?)",
            (kind, key, label),
        )
    connection.execute("INSERT INTO runs (run, started, status) VALUES ('r-7', '2026-11-22T05:00:00Z', 'success')")
    connection.execute("INSERT INTO secrets (name, sealed, updated_at) VALUES ('sealed-one', x'00', '')")
    connection.commit()
    connection.close()


@pytest.fixture
def tab(trueup: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tab:
    """``tab("trueup plan --target D")``: the words that bash is offered, without their types."""

    def pressed(line: str, shell: str = "bash") -> list[str]:
        monkeypatch.setenv("_TRUEUP_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("_TRUEUP_LINE", line)
        assert run([]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return [word.partition(",")[2] if shell == "bash" else word for word in said.out.splitlines() if word]

    return pressed


@pytest.fixture
def known(tab: Tab) -> Tab:
    Path("specs").mkdir()
    Path("specs/a.yaml").write_text(SPECS, encoding="utf-8")
    remember(Path(".trueup"))
    return tab


TARGETS = ["Device/back-door", "Device/terminal@*", "Device/old"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("trueup va", ["validate"]),
        ("trueup plan --target ", TARGETS),
        ("trueup plan --target Device/b", ["Device/back-door"]),
        ("trueup why ", TARGETS),
        ("trueup test ", [*TARGETS, "Source/members"]),
        ("trueup graph --target S", ["Source/members"]),
        ("trueup plan --target Device/old:", ["Device/old:card/", "Device/old:person/"]),
        ("trueup plan --target Device/old:person/10", ["Device/old:person/1001", "Device/old:person/1002"]),
        ("trueup why Device/old:card/0a", ["Device/old:card/0a%2Fb"]),
        ("trueup why Device/old:card/0a%2", ["Device/old:card/0a%2Fb"]),
        ("trueup why nonsense:per", []),
        ("trueup plan -l ", ["site=gym", "floor=2"]),
        ("trueup status --label si", ["site=gym"]),
        ("trueup plan --only ", ["card", "person"]),
        ("trueup apply --resume ", ["r-7"]),
        ("trueup show ", ["r-7", ""]),
        ("trueup try x --from ", ["members"]),
        ("trueup secrets set ", ["back-door", "sealed-one"]),
        ("trueup providers describe c", ["cardskipper", "csv"]),
        ("trueup secrets ro", ["rotate"]),
        ("trueup plan --detailed", ["--detailed-exitcode"]),
        ("trueup -f nowhere plan --target Device/b", []),
        ("trueup --state nowhere apply --resume ", []),
    ],
)
def test_each_place_offers_what_fits(known: Tab, line: str, offered: list[str]) -> None:
    assert known(line) == offered


def test_commands_come_with_what_they_do(tab: Tab) -> None:
    assert tab("trueup ") == list(COMMANDS)


@pytest.mark.parametrize("line", ["trueup plan --target ", "trueup plan -l ", "trueup apply --resume ", "trueup plan --only "])
def test_without_specs_and_state_nothing_is_offered_and_nothing_is_made(tab: Tab, line: str) -> None:
    assert tab(line) == []
    assert list(Path().iterdir()) == []


def test_a_damaged_state_is_no_error(tab: Tab) -> None:
    Path(".trueup").mkdir()
    Path(".trueup/state.db").write_bytes(b"not a database, but long enough to be taken for one" * 40)
    assert tab("trueup apply --resume ") == []


def test_fish_and_zsh_are_told_what_words_mean(known: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "trueup why Device/old:person/1001")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert known("", "zsh") == ["plain", "Device/old\\:person/1001", "Åsa"]
    monkeypatch.setenv("COMP_CWORD", "Device/old:person/1001")
    assert any("Åsa" in line for line in known("", "fish"))
    assert known("", "tcsh") == []


def test_no_more_is_offered_than_anybody_reads(tmp_path: Path) -> None:
    remember(tmp_path)
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.executemany("INSERT INTO runs (run, started, status) VALUES (?, '', '')", [(f"x{n}",) for n in range(MOST + 5)])
    connection.close()
    assert len(Glance(tmp_path).runs()) == MOST


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_each_shell_gets_its_script_and_is_told_where_to_put_it(trueup: Run, shell: str) -> None:
    said = trueup("completion", shell)
    assert (said.code, "_TRUEUP_COMPLETE" in said.out, said.err.startswith("to install: ")) == (0, True, True)
    assert trueup("completion", "tcsh").code == 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_words_that_it_breaks_itself(
    known: Tab, trueup: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_TRUEUP_COMPLETE", raising=False)
    program = tmp_path / "trueup"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from controller.cli import main; main()" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = trueup("completion", "bash").out
    for line, offered in (("trueup plan -l site=g", "gym"), ("trueup why Device/old:per", "person/"), ("trueup dest", "destroy")):
        ask = (
            f'{script}\nCOMP_LINE="{line}" COMP_POINT={len(line)}\n_trueup_completion ./trueup\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", ask], capture_output=True, text=True, timeout=30, check=True, env=dict(os.environ)
        )
        assert (done.stdout, done.stderr) == (f"{offered}\n", "")


def test_an_answer_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "httpx", "rich", "cryptography", "asyncio", "controller.runtime", "controller.engine", "jsonschema")
    code = (
        "import os, sys\nos.environ.update(_TRUEUP_COMPLETE='bash_complete', _TRUEUP_LINE='trueup plan --target D')\n"
        f"from controller.cli.app import run\nrun([])\nprint('LOADED', [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "LOADED []"
