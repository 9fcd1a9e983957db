"""Whom a run served and whom not, as people and build servers read it."""

from __future__ import annotations

import msgspec
from defusedxml.ElementTree import fromstring

from controller.cli.show.documents import RunDocument, encoded
from controller.cli.show.formats.junit import run_junit
from controller.cli.show.layout import View
from controller.cli.show.outcome_text import outcome_text
from controller.engine.applying.subjects import by_subject, count
from controller.model.change import Notice, Verdict
from controller.model.outcome import Outcome, ResourceResult, Rollup, RunResult, Status, SubjectCounts

DOORS = tuple(f"Device/t{n}" for n in range(12))
NUMBERLESS = "there is no employee number: employee_no has no value"


def outcome(on: str, kind: str, key: str, status: Status, message: str = "", of: str = "") -> Outcome:
    return Outcome(f"{on}{kind}{key}", on, kind, key, "create", status, message, label="Test Unu", subject=of)


def result(*outcomes: Outcome, notices: tuple[Notice, ...] = (), fatal: str = "") -> RunResult:
    subjects = by_subject(outcomes, notices)
    resources = tuple(
        ResourceResult(
            door, Rollup.PARTIAL, {"done": 1}, fatal if door == DOORS[0] else "",
            subjects=count(s for s in subjects if s.resource == door),
        )
        for door in DOORS
    )  # fmt: skip
    return RunResult(
        "r1", Rollup.PARTIAL, "2026-05-01T08:00:00Z", "2026-05-01T08:00:09Z", resources, outcomes, {"done": 1},
        subjects=subjects, subject_counts=count(subjects),
    )  # fmt: skip


def numberless(people: int = 1, doors: tuple[str, ...] = DOORS) -> tuple[Notice, ...]:
    rows = [(door, f"people: row {n}") for door in doors for n in range(people)]
    return tuple(Notice(door, Verdict.REFUSED, "no-key", NUMBERLESS, "person", place=row) for door, row in rows)


DONE = tuple(outcome(door, "person", "1", Status.DONE) for door in DOORS)


def test_who_has_no_number_is_one_line_for_all_doors() -> None:
    lines = outcome_text(result(*DONE, notices=numberless())).splitlines()
    assert "Persons: 12 success, 12 skipped" in lines
    at = lines.index("Persons: 12 success, 12 skipped")
    assert " ".join(" ".join(lines[at + 1 : at + 3]).split()) == f"! skipped at person: people: row 0 on 12 resources: {NUMBERLESS}"


def test_who_stands_above_already_is_counted_and_not_told_twice() -> None:
    failed = outcome(DOORS[0], "face", "1", Status.FAILED, "no face is found in the picture", of="1")
    text = outcome_text(result(*DONE, failed))
    assert "Persons: 11 success, 1 partial" in text and text.count("no face is found") == 1
    whole = outcome_text(result(*DONE, failed), View(whole=True))
    assert "! partial at face: person 1 (Test Unu) on Device/t0: no face is found" in " ".join(whole.split())


def test_a_long_list_is_folded_and_whole_with_verbose() -> None:
    many = result(*DONE, notices=numberless(9, DOORS[:1]))
    assert "... and 4 more (--verbose or -o json shows all)" in outcome_text(many)
    assert outcome_text(many, View(whole=True)).count("skipped at person") == 9


def test_all_served_needs_no_words_and_what_is_no_person_is_an_entry() -> None:
    assert "Persons" not in outcome_text(result(*DONE))
    assert "Entries: 1 fatal" in outcome_text(result(outcome(DOORS[0], "webhook", "1", Status.FAILED, "refused")))


def test_a_test_report_tells_whom_beside_what() -> None:
    report = fromstring(run_junit(result(*DONE, notices=numberless(60, DOORS[:1]))))
    said = next(case.findtext("system-out") or "" for case in report.iter("testcase") if case.get("name") == DOORS[0])
    assert "subjects: 1 success, 60 skipped" in said and said.endswith("... and 10 more")
    assert next(case.findtext("system-out") for case in report.iter("testcase") if case.get("name") == DOORS[1]) == "1 done"


def test_the_document_holds_every_subject_and_counts_that_add_up() -> None:
    document = msgspec.json.decode(encoded(RunDocument(result(*DONE, notices=numberless()))))["run"]
    assert len(document["subjects"]) == sum(document["subject_counts"].values()) == 24
    assert document["resources"][0]["subjects"] == msgspec.to_builtins(SubjectCounts(success=1, skipped=1))
