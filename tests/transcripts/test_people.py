"""People: who is not at the door and why, and what is wrong with the list that they come from."""

from __future__ import annotations

from syrupy.assertion import SnapshotAssertion

from tests.transcripts.stage import HEAD, Stage, members


def test_somebody_without_an_end_of_validity(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.register(members().replace("1001,Anna,Lind,true,2026-01-01,2037-12-31", "1001,Anna,Lind,true,2026-01-01,"))
    assert stage.type("trueup plan --bootstrap") == 0
    assert stage.transcript == snapshot


def test_why_anna_is_not_there_because_she_is_filtered_out(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.register(members().replace("1001,Anna,Lind,true", "1001,Anna,Lind,false"))
    stage.settled()
    assert stage.type("trueup why Device/front-door:person/1001") == 0
    assert stage.transcript == snapshot


def test_why_anna_is_not_there_because_nobody_knows_her(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.register(members("1001"))
    stage.settled()
    assert stage.type("trueup why Device/front-door:person/1001") == 0
    assert stage.type("trueup why --find Anna") == 0
    assert stage.transcript == snapshot


def test_why_anna_is_not_there_because_her_validity_has_no_end(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.register(members().replace("1001,Anna,Lind,true,2026-01-01,2037-12-31", "1001,Anna,Lind,true,2026-01-01,"))
    stage.settled()
    assert stage.type("trueup why --find anna") == 0
    assert stage.transcript == snapshot


def test_why_anna_is_not_there_because_the_door_does_not_answer(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.edit(stage.url, "http://127.0.0.2:9")
    assert stage.type("trueup why Device/front-door:person/1001") == 4
    assert stage.type("trueup why Device/front-door:person/1001 --offline") == 0
    assert stage.transcript == snapshot


def test_a_number_that_stands_twice(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.settled()
    stage.register(members() + "1001,Another,Person,true,2026-01-01,2037-12-31\n")
    assert stage.type("trueup plan") in (0, 4)
    assert stage.transcript == snapshot


def test_a_table_from_a_spreadsheet(stage: Stage, snapshot: SnapshotAssertion) -> None:
    stage.register(members().replace(",", ";"))
    assert stage.type("trueup plan") in (3, 4, 5)
    stage.aside("saved as Windows-1252")
    stage.register((HEAD + "1001,Åsa,Öberg,true,2026-01-01,2037-12-31\n").encode("cp1252"))
    assert stage.type("trueup plan") in (3, 4, 5)
    stage.aside("the heading is another one")
    stage.register(members().replace("number,", "medlemsnr,"))
    assert stage.type("trueup plan") in (3, 4, 5)
    assert stage.transcript == snapshot
