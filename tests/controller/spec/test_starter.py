from __future__ import annotations

from pathlib import Path

import pytest

from controller.model.errors import UsageError
from controller.spec.load import check_specs
from controller.spec.starter import STARTER, write_starter


def test_the_starter_is_valid_as_it_is(tmp_path: Path) -> None:
    written = write_starter(tmp_path)
    specs, diagnostics = check_specs([tmp_path / "specs"])
    assert diagnostics == []
    assert specs is not None
    assert [str(r.address) for r in specs.resources] == ["Device/front-door", "Source/members"]
    assert sorted(written) == sorted(tmp_path / name for name in STARTER)


def test_the_starter_overwrites_nothing_and_then_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    mine = tmp_path / "specs" / "doors.yaml"
    mine.write_text("mine")
    with pytest.raises(UsageError, match=r"specs/doors\.yaml"):
        write_starter(tmp_path)
    assert mine.read_text() == "mine"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["doors.yaml"]


def test_the_starter_names_the_secret_that_the_first_steps_set() -> None:
    assert "password: {secret: door-password}" in STARTER["specs/doors.yaml"]
