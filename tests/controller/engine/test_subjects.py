"""How each person came out of a run: what is partial, skipped and fatal, and that the counts add up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.applying.subjects import by_subject, called, count, served
from controller.engine.past.account import account
from controller.engine.plans.planning import Wanted
from controller.model.change import Notice, Verdict
from controller.model.outcome import Outcome, Served, Status, SubjectCounts, SubjectResult
from controller.model.scope import Scope
from controller.sdk.errors import Conflict, Unauthorized
from tests.memory import Door, Site, record

DOOR, GATE = "Device/front", "Device/gate"


def outcome(kind: str, key: str, status: Status, message: str = "", *, of: str = "", on: str = DOOR, code: str = "") -> Outcome:
    return Outcome(f"{on}{kind}{key}", on, kind, key, "create", status, message, code, "Test Unu", of)


def left(kind: str, key: str, verdict: Verdict = Verdict.REFUSED, message: str = "no", *, of: str = "", place: str = "") -> Notice:
    return Notice(DOOR, verdict, "code", message, kind, key, place=place, subject=of)


def only(*outcomes: Outcome, notices: tuple[Notice, ...] = ()) -> SubjectResult:
    (one,) = by_subject(outcomes, notices)
    return one


def brief(one: SubjectResult) -> tuple[str, str, str]:
    return one.status.value, one.step, one.message


PERSON = outcome("person", "1", Status.DONE)


def test_a_person_with_everything_is_a_success_without_a_step() -> None:
    one = only(PERSON, outcome("card", "c0ffee0123456789", Status.DONE, of="1"), outcome("face", "1", Status.UNCHANGED, of="1"))
    assert (brief(one), one.subject, one.kind, one.label) == (("success", "", ""), "1", "person", "Test Unu")


def test_a_face_that_failed_is_partial_also_when_only_faces_are_written() -> None:
    failed = outcome("face", "1", Status.FAILED, "no face is found in the picture", of="1")
    assert brief(only(PERSON, failed)) == ("partial", "face", "no face is found in the picture")
    assert brief(only(failed)) == ("partial", "face", "no face is found in the picture")


def test_a_person_that_failed_is_fatal_and_its_blocked_face_is_not_to_blame() -> None:
    failed = outcome("person", "1", Status.FAILED, "badParameters")
    blocked = outcome("face", "1", Status.SKIPPED, "what it depends on was not done", of="1", code="blocked")
    assert brief(only(failed, blocked)) == ("fatal", "person", "badParameters")


def test_who_was_parked_with_the_device_is_fatal_and_who_was_stopped_with_the_run_is_skipped() -> None:
    parked = outcome("person", "1", Status.PARKED, "refused the password", code="credentials-refused")
    stopped = outcome("person", "1", Status.PARKED, "the run was stopped before this was sent", code="stopped")
    assert brief(only(parked)) == ("fatal", "person", "refused the password")
    assert brief(only(stopped))[0] == "skipped"


def test_a_record_without_a_number_is_one_skipped_subject_with_the_place_of_its_record() -> None:
    message = "there is no employee number: employee_no has no value"
    one = only(notices=(left("person", "", message=message, place="people: row 3"), left("card", "", place="people: row 3")))
    assert (brief(one), one.label, called(one)) == (("skipped", "person", message), "people: row 3", "people: row 3")


def test_a_refused_person_takes_the_cards_of_its_record_with_it() -> None:
    refused = left("person", "1", message="no end", place="people: row 3"), left("card", "", place="people: row 3")
    assert [(s.subject, s.step) for s in by_subject((), refused)] == [("1", "person")]


def test_a_card_number_that_is_unusable_makes_its_owner_partial() -> None:
    one = only(PERSON, notices=(left("card", "c0ffee0123456789", message="not usable", of="1"),))
    assert brief(one) == ("partial", "card", "not usable")


@pytest.mark.parametrize("verdict", [Verdict.PROTECTED, Verdict.HELD])
def test_what_is_left_alone_on_purpose_takes_nothing_from_what_was_done(verdict: Verdict) -> None:
    assert only(PERSON, notices=(left("card", "c", verdict, of="1"),)).status is Served.SUCCESS
    assert only(notices=(left("person", "1", verdict),)).status is Served.SKIPPED


def test_no_room_is_fatal_for_a_person_and_partial_for_a_card() -> None:
    assert only(notices=(left("person", "1", Verdict.FULL),)).status is Served.FATAL
    assert only(PERSON, notices=(left("card", "c", Verdict.FULL, of="1"),)).status is Served.PARTIAL


def test_a_warning_and_what_concerns_a_whole_resource_are_about_nobody() -> None:
    assert by_subject((), (left("person", "1", Verdict.WARNED), Notice(DOOR, Verdict.HELD, "shrunk", "the source shrank"))) == ()


def test_things_of_two_kinds_with_one_key_stay_two() -> None:
    found = by_subject((outcome("webhook", "1", Status.DONE), outcome("event", "1", Status.FAILED)))
    assert [(s.kind, s.status) for s in found] == [("webhook", Served.SUCCESS), ("event", Served.FATAL)]
    about = by_subject((*found_outcomes(), outcome("card", "c", Status.DONE, of="1")))
    assert [(s.kind, s.subject) for s in about] == [("webhook", "1"), ("event", "1"), ("", "1")]


def found_outcomes() -> tuple[Outcome, ...]:
    return outcome("webhook", "1", Status.DONE), outcome("event", "1", Status.FAILED)


def test_one_word_for_a_resource() -> None:
    assert served(SubjectCounts(), "") is Served.SUCCESS
    assert served(SubjectCounts(success=2), "dead") is Served.FATAL
    assert served(SubjectCounts(skipped=2), "") is Served.SKIPPED
    assert served(SubjectCounts(success=1, skipped=1), "") is Served.PARTIAL


KEYS = st.sampled_from(["1", "2", "3"])
OUTCOMES = st.builds(
    lambda kind, key, status, on, code: outcome(kind, key, status, on=on, of="" if kind == "person" else key, code=code),
    st.sampled_from(["person", "card", "face"]), KEYS, st.sampled_from(Status), st.sampled_from([DOOR, GATE]),
    st.sampled_from(["", "stopped", "blocked"]),
)  # fmt: skip
NOTICES = st.builds(
    lambda kind, key, verdict, place: left(kind, key, verdict, of="" if kind == "person" else key, place=place),
    st.sampled_from(["person", "card"]), st.sampled_from(["", "1", "4"]), st.sampled_from(Verdict), st.sampled_from(["", "row 1"]),
)  # fmt: skip


@given(st.lists(OUTCOMES, max_size=12), st.lists(NOTICES, max_size=6))
def test_counts_add_up_and_everybody_is_counted_once(outcomes: list[Outcome], notices: list[Notice]) -> None:
    found = by_subject(outcomes, notices)
    places = [(s.resource, s.kind, s.subject, s.label) for s in found]
    assert len(set(places)) == len(places)
    assert {(o.resource, o.subject or o.key) for o in outcomes} <= {(s.resource, s.subject) for s in found}
    counts = count(found)
    assert counts.total == len(found)
    assert {s.value: getattr(counts, s.value) for s in Served if getattr(counts, s.value)} == Counter(s.status.value for s in found)
    assert all(bool(s.step) == (s.status is not Served.SUCCESS) for s in found)


@given(st.lists(OUTCOMES, max_size=12))
def test_nobody_is_a_success_of_whom_something_was_not_done(outcomes: list[Outcome]) -> None:
    good = {Status.DONE, Status.UNCHANGED}
    for one in by_subject(outcomes):
        mine = [o for o in outcomes if (o.resource, o.subject or o.key) == (one.resource, one.subject)]
        assert (one.status is Served.SUCCESS) == all(o.status in good for o in mine)


# -- whole runs --------------------------------------------------------------------------------------------------------------


def site_of(tmp_path: Path, *doors: str) -> Site:
    site = Site(tmp_path)
    site.manage = ("person", "card")
    site.doors |= {name: Door(serial=f"S-{name}") for name in doors}
    site.members.rows = [record(str(n), card=f"10{n}") for n in range(1, 4)]
    return site


@pytest.mark.anyio
async def test_a_card_that_fails_makes_one_person_partial_and_the_rest_goes_on(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.members.rows.append(record("9", until=""))

    def fail(call: str) -> None:
        if call == "write create card/102":
            raise Conflict("the card belongs to somebody else")

    site.front.fail = fail
    result = await site.apply()
    assert {s.subject: s.status.value for s in result.subjects} == {"1": "success", "2": "partial", "3": "success", "9": "skipped"}
    assert result.subject_counts == SubjectCounts(success=2, partial=1, skipped=1) == result.resources[0].subjects
    assert (result.resources[0].status, result.first_fatal, set(site.front.persons)) == (Served.PARTIAL, "", {"1", "2", "3"})


@pytest.mark.anyio
async def test_a_device_that_dies_is_fatal_for_whom_was_left_there_and_the_first_message_is_kept(tmp_path: Path) -> None:
    site = site_of(tmp_path, "gate")

    def die(call: str) -> None:
        if call == "write create person/2":
            raise Unauthorized("refused the password")

    site.front.fail = die
    result = await site.apply()
    front = {s.subject: (s.status.value, s.message) for s in result.subjects if s.resource == DOOR}
    assert front["2"] == front["3"] == ("fatal", "refused the password")
    assert {s.status for s in result.subjects if s.resource == "Device/gate"} == {Served.SUCCESS}
    assert result.first_fatal == f"{DOOR}: refused the password"
    by_resource = {r.resource: (r.status, r.subjects.fatal) for r in result.resources}
    assert by_resource[DOOR][0] is Served.FATAL and by_resource["Device/gate"] == (Served.SUCCESS, 0)
    async with site.world() as world:
        looked_back = (await account(world.state, "last")).subjects
    assert {(s.resource, s.subject, s.status) for s in looked_back} == {(s.resource, s.subject, s.status) for s in result.subjects}


@pytest.mark.anyio
async def test_who_was_to_be_served_by_a_device_that_is_dead_already_is_counted_there_as_fatal(tmp_path: Path) -> None:
    site = site_of(tmp_path, "gate")

    def dead(call: str) -> None:
        raise Unauthorized("refused the password")

    site.front.fail = dead
    result = await site.apply()
    assert {r.resource: (r.status, r.subjects) for r in result.resources} == {
        DOOR: (Served.FATAL, SubjectCounts(fatal=3)), "Device/gate": (Served.SUCCESS, SubjectCounts(success=3)),
    }  # fmt: skip
    assert result.subject_counts == SubjectCounts(success=3, fatal=3) and result.first_fatal == f"{DOOR}: refused the password"
    assert {s.resource for s in result.subjects} == {"Device/gate"}
    async with site.world() as world:
        past = await account(world.state, "last")
    assert past.counted(past.subjects) == result.subject_counts
    assert past.counted(past.subjects[:1]) == SubjectCounts(success=1)
    one = await site.apply(await site.plan(Wanted(Scope(records=("members:2",)), frozenset({"bootstrap"}))))
    assert one.resources[0].subjects == SubjectCounts(fatal=1)
    cards = await site.plan(Wanted(Scope(only=("card",)), frozenset({"bootstrap"})))
    assert cards.plan.resources[0].unserved == 3


@pytest.mark.anyio
async def test_a_person_that_fails_is_the_first_fatal_message_when_no_device_is(tmp_path: Path) -> None:
    site = site_of(tmp_path)

    def fail(call: str) -> None:
        if call == "write create person/2":
            raise Conflict("badParameters")

    site.front.fail = fail
    result = await site.apply()
    assert result.first_fatal == f"{DOOR}: person 2 (Member 2): badParameters"
    assert {s.subject: s.status.value for s in result.subjects}["2"] == "fatal"


@pytest.mark.anyio
async def test_already_there_is_never_a_success_and_the_next_plan_compares_it(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.manage = ("person",)
    site.policies["front"] = {"adopt": "all"}

    def appear(call: str) -> None:
        if call == "write create person/2" and "2" not in site.front.persons:
            site.front.persons["2"] = ("Somebody", None, (2,))

    site.front.fail = appear
    result = await site.apply()
    two = next(s for s in result.subjects if s.subject == "2")
    assert two.status is Served.SKIPPED and "the next plan compares it" in two.message
    assert site.front.persons["2"][0] == "Somebody"
    again = await site.apply()
    assert again.subject_counts == SubjectCounts(success=1) and site.front.persons["2"][0] == "Member 2"


@pytest.mark.anyio
async def test_a_card_whose_person_was_not_selected_is_skipped_and_said(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    planned = await site.plan(Wanted(Scope(only=("card",)), frozenset({"bootstrap"})))
    found = by_subject((), planned.plan.notices)
    assert {(s.subject, s.status.value, s.step) for s in found} == {(n, "skipped", "card") for n in "123"}
