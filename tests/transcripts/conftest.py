"""One stage per story, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberSnapshotExtension

from controller.registry import load_simulator
from controller.sdk.loopback import serve_in_thread
from tests.transcripts.stage import PASSWORD, Stage

_OURS = ("TRUEUP_SPECS", "TRUEUP_STATE", "TRUEUP_TRUST", "TRUEUP_KEY", "TRUEUP_VARS", "NO_COLOR", "COLUMNS", "DOOR_PASSWORD")


@pytest.fixture
def stage(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.chdir(tmp_path)
    for name in _OURS:
        monkeypatch.delenv(name, raising=False)
    terminal = load_simulator("hikvision")({"password": PASSWORD, "serial": "DS-K1T671-0001", "timezone": "Europe/Stockholm"})
    with serve_in_thread([(terminal.app, 0)]) as (served,):
        made = Stage(tmp_path, terminal, served.url, capsys, monkeypatch)
        made.begin()
        yield made


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(AmberSnapshotExtension)
