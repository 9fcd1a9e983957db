"""why, try, destroy, sync, refresh-only, replace, state mv and test from the outside, over a simulated door on loopback."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from controller.cli.show.answers_text import answers_text
from controller.cli.show.documents import answer_row
from controller.engine.check import TestResult, _forbidden
from controller.sdk.provider import Right
from tests.doors import furnish, judged

Run = Callable[..., Any]
DOOR = "Device/front-door"
SPECS = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec: {timezone: Europe/Stockholm}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config:
    path: members.csv
    record: person
    map: {id: id, full_name: name, email: email, valid_until: until, active: active, card_no: {column: card, sensitive: true}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: hikvision
  config: {url: URL, username: admin, password: {secret: DOOR}}
  people:
    - from: members
      where: {active: true}
      key: "{id}"
      name: "{full_name}"
      valid: {from: "2026-01-01", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
      cards: "{card_no}"
      manage: [person, card]
  policy: {pace: 0}
"""
MEMBERS = """\
id,name,email,until,active,card
1001,Åsa Öberg,asa@example.org,2030-12-31,true,4711081500
1002,Živa Čuk,ziva@example.org,2030-12-31,true,
1003,Lars Alm,lars@example.org,2030-12-31,false,
,No Number,none@example.org,2030-12-31,true,
"""
ALLOW = ("--allow", f"revoke:{DOOR}=9", "--allow", f"grant:{DOOR}=9")


@pytest.fixture
def site(door: Any, trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A door that was brought into order once."""
    furnish(trueup, monkeypatch, SPECS.replace("URL", door.url), MEMBERS)
    assert trueup("apply", "--bootstrap", "--auto-approve").code == 0
    return trueup


# -- why and try -------------------------------------------------------------------------------------------------------------


def test_who_is_there_who_is_filtered_and_who_is_nobody(site: Run) -> None:
    there = site("why", f"{DOOR}:person/1001")
    assert (there.code, "It is there as declared" in there.out, "specs/site.yaml:" in there.out) == (0, True, True)
    gone = site("why", f"{DOOR}:person/1003")
    assert "the filter asks that active is true, but active is false" in " ".join(gone.out.split())
    assert "none of the 4 records of members would make it" in " ".join(site("why", f"{DOOR}:person/404").out.split())


def test_a_person_is_found_by_name_and_by_mail_and_told_at_once(site: Run) -> None:
    for text in ("ziva@example", "živa č"):
        said = site("why", "--find", text)
        assert (said.code, "Device/front-door:person/1002  Živa Čuk" in said.out) == (0, True)
    several = site("why", "--find", "example.org", "-o", "json")
    assert len(judged("why", several.out)["found"]) >= 3
    assert "Nobody found" in site("why", "--find", "zzz", DOOR).out


def test_who_stands_in_a_row_that_cannot_be_read_is_not_denied(site: Run) -> None:
    said = " ".join(site("why", "--find", "No Number").out.split())
    assert "one of the rows that cannot be read" in said
    assert "! members: members.csv:5:" in said
    assert len(judged("why", site("why", "--find", "No Number", "-o", "json").out)["unread"]) == 1
    rows = "".join(f",Row {number},,2030-12-31,true,\n" for number in range(7))
    Path("specs/members.csv").write_text(MEMBERS + rows, encoding="utf-8")
    many = site("why", "--find", "No Number").out
    assert (many.count("! members"), "and more" in many) == (5, True)


def test_a_record_is_followed_and_no_card_number_is_ever_told(site: Run) -> None:
    said = site("why", "--record", "members:1001", "-o", "json")
    answers = judged("why", said.out)["answers"]
    assert [answer["verdict"] for answer in answers] == ["as-declared", "as-declared"]
    everything = said.out + site("why", "--record", "Source/members:1001").out + site("try", "{card_no}", "--from", "members").out
    assert "4711081500" not in everything


def test_a_join_is_told_with_what_it_found_or_why_it_found_nobody(site: Run) -> None:
    text = Path("specs/site.yaml").read_text(encoding="utf-8")
    join = 'match: {source: ids, on: "{email}", take: employee_no}\n      key: "{employee_no}"'
    source = SPECS.split("---")[1].replace("name: members", "name: ids").replace("members.csv", "ids.csv")
    source = re.sub(r"map: .*", "map: {id: id, email: email, employee_no: number}", source)
    Path("specs/site.yaml").write_text(text.replace('key: "{id}"', join) + "---" + source, encoding="utf-8")
    table = "id,email,number\n1,asa@example.org,7001\n2,ziva@example.org,7002\n3,ziva@example.org,7003\n"
    Path("specs/ids.csv").write_text(table, encoding="utf-8")
    found = " ".join(site("why", "--record", "members:1001").out.split())
    assert "{email} against email of ids: found 1, takes employee_no" in found
    assert f"{DOOR}:person/7001" in found
    two = " ".join(site("why", "--record", "members:1002").out.split())
    assert "2 records of ids have its email" in two
    assert f"{DOOR}:person/7001" in site("why", "--record", "ids:1").out
    unreadable = " ".join(site("why", DOOR).out.split())
    assert "a row without a key" in unreadable


def test_why_speaks_of_whole_doors_and_of_labels(site: Run) -> None:
    whole = site("why", "-l", "site=gym")
    assert (whole.code, "of 4 records are meant" in " ".join(whole.out.split())) == (0, True)
    both = site("why", DOOR, f"{DOOR}:person/1001", "--offline")
    assert (both.code, "was written as declared" in both.out, "\nDevice/front-door\n" in both.out) == (0, True, True)


def test_a_door_that_does_not_answer_is_told_and_is_no_success(site: Run) -> None:
    text = Path("specs/site.yaml").read_text(encoding="utf-8")
    Path("specs/site.yaml").write_text(text.replace("url: http://127.0.0.1", "url: http://127.0.0.2"), encoding="utf-8")
    said = site("why", f"{DOOR}:person/1001")
    assert (said.code, "is left alone" in said.out) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("why", f"{DOOR}:key/1"), "keeps no key"),
        (("why", "Device/back:person/1"), "there are:"),
        (("why", f"{DOOR}:person"), "names no entity"),
        (("why", "--record", "members"), "write SOURCE:KEY"),
        (("why", "--record", "staff:1"), "nothing draws on a source staff"),
        (("why", "--find", " "), "needs something to look for"),
        (("try", "{id}", "--from", "staff"), "there is no source staff"),
        (("try", "{idd}", "--from", "members"), "did you mean id?"),
        (("try", "{id", "--from", "members"), "neither a template nor a filter"),
        (("destroy",), "say what is to be destroyed"),
        (("destroy", DOOR, "--all"), "say what is to be destroyed"),
        (("plan", "--replace", DOOR), "is not one entity"),
        (("plan", "--replace", "nonsense"), "is not an address"),
        (("plan", "--refresh-only", "--offline"), "does not go with --offline"),
        (("plan", "--refresh-only", "-o", "html"), "does not go with -o html"),
        (("apply", "--refresh-only", "--bootstrap"), "does not go with --bootstrap"),
        (("apply", "--refresh-only"), "nobody is there to ask"),
        (("sync", DOOR, "--lock-timeout", "soon"), "--lock-timeout"),
        (("state", "mv", "Device/nowhere", "Device/x"), "nothing is remembered"),
        (("test", "-l", "=gym"), "names no label"),
        (("test", "-l", "site=pool"), "no resource matches --label site=pool"),
    ],
)
def test_what_cannot_be_meant_is_said_with_the_way_out(site: Run, arguments: tuple[str, ...], said: str) -> None:
    answer = site(*arguments)
    assert (answer.code, said in answer.err) == (1, True), answer.err


def test_a_filter_is_tried_on_real_records(site: Run) -> None:
    document = judged("try", site("try", "active: true", "--from", "members", "-o", "json").out)["trial"]
    assert {group["answer"]: group["count"] for group in document["groups"]}["no"] == 1
    assert "+ 2 yes" in site("try", "{active: true, id: {exists: true}}", "--from", "members", "--limit", "0").out


# -- steering ----------------------------------------------------------------------------------------------------------------


def test_what_moved_is_shown_taken_and_then_no_drift_any_more(site: Run, door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No drift" in site("plan", "--refresh-only").out
    assert site("apply", "--refresh-only", "--auto-approve").code == 0
    door.edit_at_the_door("1001", Valid={**door.persons["1001"]["Valid"], "endTime": "2037-12-31T23:59:59"})
    shown = site("plan", "--refresh-only", "--detailed-exitcode")
    assert (shown.code, "trueup apply --refresh-only" in shown.out, "digest" in shown.out) == (2, True, False)
    assert judged("drift", site("plan", "--refresh-only", "-o", "json").out)["summary"]["drifted"] == 1

    monkeypatch.setattr("controller.cli.session.must_be_able_to_ask", lambda: None)
    asked: list[str] = []

    def say_yes(question: str, **_: Any) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr(click, "confirm", say_yes)
    taken = site("apply", "--refresh-only", "-o", "json")
    assert judged("run", taken.out)["run"]["counts"] == {"done": 1}
    assert asked == ["Take 1 entry as last written? Nothing is sent to a target."]
    assert door.persons["1001"]["Valid"]["endTime"] == "2037-12-31T23:59:59"
    assert (site("drift").code, site("plan", "--detailed-exitcode").code) == (0, 2)
    assert site("apply", "--auto-approve").code == 0
    assert door.persons["1001"]["Valid"]["endTime"].startswith("2030-12-31")


def test_one_person_is_made_anew(site: Run, door: Any) -> None:
    shown = site("plan", "--replace", f"{DOOR}:person/1001", *ALLOW)
    assert (shown.code, "made anew, as asked" in " ".join(shown.out.split())) == (0, True)
    assert f"--replace {DOOR}:person/1001" in " ".join(shown.out.split())
    done = site("apply", "--replace", f"{DOOR}:person/1001", *ALLOW, "--auto-approve")
    assert (done.code, sorted(door.persons)) == (0, ["1001", "1002"])
    assert site("plan", "--detailed-exitcode").code == 0


def test_a_door_is_emptied_of_what_is_ours_only_with_the_flag(site: Run, door: Any) -> None:
    refused = site("destroy", DOOR, "--auto-approve")
    assert (refused.code, f"revoke:{DOOR}=3" in refused.out + refused.err, len(door.persons)) == (5, True, 2)
    shown = site("plan", "--destroy", "--target", DOOR, *ALLOW)
    assert (shown.code, f"trueup apply --target {DOOR} --destroy" in " ".join(shown.out.split())) == (0, True)
    assert site("destroy", DOOR, *ALLOW, "--auto-approve", "-o", "json").code == 0
    assert door.persons == {}


def test_one_word_makes_a_door_true(site: Run, door: Any) -> None:
    door.edit_at_the_door("1001", Valid={**door.persons["1001"]["Valid"], "endTime": "2037-12-31T23:59:59"})
    assert site("sync", DOOR).code == 0
    assert door.persons["1001"]["Valid"]["endTime"].startswith("2030-12-31")
    assert site("sync").code == 1


@pytest.mark.parametrize("words", [("Source/members",), ("Source/*", "--with-source"), ("-l", "site=gym")])
def test_everything_that_a_source_feeds_or_that_has_a_label_is_made_true_in_one_word(site: Run, door: Any, words: Any) -> None:
    door.edit_at_the_door("1001", name="Somebody else")
    assert site("sync", *words).code == 0
    assert door.persons["1001"]["name"] == "Åsa Öberg"


def test_a_source_that_feeds_nothing_is_told_from_one_that_is_not_there(site: Run) -> None:
    path = Path("specs/site.yaml")
    other = SPECS.split("---")[1].replace("name: members", "name: others")
    path.write_text(path.read_text(encoding="utf-8") + "---" + other, encoding="utf-8")
    assert "nothing draws on Source/others" in site("sync", "Source/others").err
    nobody = site("sync", "Source/nobody")
    assert (nobody.code, "there are: Source/members, Source/others" in " ".join(nobody.err.split())) == (1, True)


def test_a_renamed_door_is_not_a_new_one(site: Run) -> None:
    path = Path("specs/site.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("name: front-door", "name: main"), encoding="utf-8")
    moved = site("state", "mv", DOOR, "Device/main", "--lock-timeout", "1s")
    assert (moved.code, "3 entries of ours moved" in moved.err) == (0, True)
    assert site("plan", "--detailed-exitcode").code == 0


# -- test --------------------------------------------------------------------------------------------------------------------


def test_a_test_tells_rights_and_round_trip_of_the_labelled(site: Run) -> None:
    said = site("test", "-l", "site=gym")
    assert (said.code, "the account may list the persons, list the cards" in said.out) == (0, True)
    assert " ms\n" in said.out
    (row,) = judged("test", site("test", DOOR, "-o", "json").out)["results"]
    assert (row["rights"][0], row["round_trip"] > 0) == ({"what": "list the persons", "allowed": True, "message": ""}, True)


def test_an_account_without_rights_is_no_success() -> None:
    rights = (Right("list the persons", True), Right("list the cards", False, "the device says that the account lacks the right"))
    message, hint = _forbidden(rights)
    row = answer_row(TestResult(DOOR, "hikvision", False, message, hint, code="rights-missing", rights=rights, round_trip=0.0125))
    text = " ".join(answers_text([row]).split())
    assert message == "the account may not list the cards"
    assert "! the account may not list the cards: the device says" in text
    assert ("round trip: 12 ms" in text, f"then: trueup test {DOOR}" in text) == (True, True)


def test_a_refused_password_says_what_to_do_next(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong-pass-1\n"))
    assert site("secrets", "set", "DOOR").code == 0
    said = site("test", DOOR)
    assert (said.code, f"with the right one: trueup test {DOOR}" in " ".join(said.out.split())) == (4, True)
    assert judged("test", site("test", DOOR, "-o", "json").out)["results"][0]["code"] == "credentials-refused"
