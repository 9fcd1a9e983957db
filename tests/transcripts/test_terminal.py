"""At the keyboard: commands that do not exist, pipes that close, terminals that know no letters, another trueup at work."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from controller.cli.app import run
from controller.state import lease
from tests.transcripts.stage import Stage, members


def test_a_command_that_does_not_exist(stage: Stage, snapshot: SnapshotAssertion) -> None:
    assert stage.type("trueup aply") == 1
    assert stage.type("trueup plan --tagret Device/front-door") == 1
    assert stage.type("trueup plan --target Device/front-dor") == 1
    assert stage.type("trueup plan --target front-door") == 1
    assert stage.type("trueup why") in (0, 1, 4)
    assert stage.transcript == snapshot


def test_nobody_to_ask(stage: Stage, snapshot: SnapshotAssertion) -> None:
    assert stage.type("trueup apply") == 1
    assert stage.transcript == snapshot


def test_another_trueup_at_work(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(members("1001"))
    taken = lease.Lease.take

    async def held(self: lease.Lease) -> lease.Holder | None:
        until = stage.now.timestamp() + 60
        return lease.Holder(1, "x", "office-pc", "n", 4711, "2026-11-25T09:58:00Z", until)

    stage.monkeypatch.setattr(lease.Lease, "take", held)
    assert stage.type("trueup apply --auto-approve") == 1
    stage.monkeypatch.setattr(lease.Lease, "take", taken)
    assert stage.transcript == snapshot


@pytest.mark.filterwarnings("error")
def test_a_pipe_that_closes(stage: Stage, snapshot: SnapshotAssertion) -> None:
    """``trueup plan -o json | head -0``"""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        stage.monkeypatch.setattr(sys, "stdout", pipe)
        code = run(["plan", "-o", "json", "--bootstrap"])
    stage.lines.append("$ trueup plan -o json --bootstrap | head -0")
    stage.note("", stage.capsys.readouterr().err, code)
    assert code == 0
    assert stage.transcript == snapshot


def test_a_terminal_that_knows_no_letters(stage: Stage, snapshot: SnapshotAssertion) -> None:
    """``PYTHONIOENCODING=ascii trueup plan``"""
    stage.register(members().replace("Anna,Lind", "Åsa,Žižka"))
    ways: tuple[tuple[str, ...], ...] = (("plan", "--bootstrap"), ("plan", "--bootstrap", "-o", "json"))
    for words in ways:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            assert run(words) == 0
        out.seek(0), err.seek(0)
        stage.lines.append(f"$ PYTHONIOENCODING=ascii trueup {' '.join(words)}")
        stage.note(out.read()[:1500] if words[-1] != "json" else "", err.read(), 0)
    assert stage.transcript == snapshot
    assert Path("specs/site.yaml").exists()
