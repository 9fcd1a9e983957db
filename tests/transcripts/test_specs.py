"""Mistakes in the files: where, what is wrong, what is right."""

from __future__ import annotations

from syrupy.assertion import SnapshotAssertion

from tests.transcripts.stage import Stage


def test_a_word_that_is_no_key(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("    username: admin", "    user: admin")
    assert stage.type("trueup validate") == 3
    assert stage.transcript == snapshot


def test_an_indent_that_is_wrong(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("    username: admin", "     username: admin")
    assert stage.type("trueup validate") == 3
    stage.edit("     username: admin", "  username: admin")
    assert stage.type("trueup validate") == 3
    assert stage.transcript == snapshot


def test_a_tab(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("    username: admin", "\tusername: admin")
    assert stage.type("trueup validate") == 3
    assert stage.transcript == snapshot


def test_a_password_in_the_spec(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("{env: DOOR_PASSWORD}", "Winter2026!")
    assert stage.type("trueup plan") == 3
    assert "Winter2026" not in stage.said
    assert stage.transcript == snapshot


def test_a_provider_that_does_not_exist(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("provider: hikvision", "provider: hikvison")
    assert stage.type("trueup validate") == 3
    assert stage.transcript == snapshot


def test_a_source_that_is_misspelt(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.edit("- from: members", "- from: member")
    stage.edit("{last_name}", "{last_nam}")
    assert stage.type("trueup plan") == 3
    assert stage.transcript == snapshot


def test_two_doors_at_one_address(stage: Stage, snapshot: SnapshotAssertion) -> None:
    again = stage.folder / "specs" / "again.yaml"
    door = (stage.folder / "specs" / "site.yaml").read_text(encoding="utf-8").split("---\n")[2]
    again.write_text(door.replace("name: front-door", "name: side-door"), encoding="utf-8")
    assert stage.type("trueup plan") == 3
    assert stage.transcript == snapshot


def test_no_specs_at_all(stage: Stage, snapshot: SnapshotAssertion) -> None:
    (stage.folder / "specs" / "site.yaml").unlink()
    assert stage.type("trueup apply --auto-approve") == 3
    (stage.folder / "specs").rmdir()
    assert stage.type("trueup apply --auto-approve") == 3
    assert stage.transcript == snapshot
