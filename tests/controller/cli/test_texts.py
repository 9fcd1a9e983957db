"""What people read: short, in their words, folded where it is long, and fast at thirty thousand lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from controller.cli.show.answers_text import answers_text
from controller.cli.show.documents import AnswerRow, Capacity, StatusRow
from controller.cli.show.layout import View, table, wrapped
from controller.cli.show.outcome_text import outcome_text
from controller.cli.show.plan_text import drift_text, plan_text, question_text
from controller.cli.show.status_text import status_text
from controller.cli.show.words import moment, phrase
from controller.model.change import Action, Change, Condition, FieldChange, Limit, Notice, Plan, Verdict
from controller.model.entity import Effect
from controller.model.event import ConditionState
from controller.model.outcome import Outcome, ResourceResult, Rollup, RunResult, Status

MakePlan = Callable[..., Plan]
VIEW = View(zone=ZoneInfo("Europe/Stockholm"))
LIMIT = Limit(
    "Device/front-door", "revoke", 412, 300, 1000, "412 of 1000 entries would lose access in one run; at most 300 may",
    "--allow revoke:Device/front-door=412",
)  # fmt: skip


def test_a_plan_of_three_changes(make_plan: MakePlan, three: tuple[Change, ...], snapshot: SnapshotAssertion) -> None:
    assert plan_text(make_plan(three), VIEW, saved="plan.json") == snapshot


def test_the_whole_plan_says_where_each_change_comes_from(
    make_plan: MakePlan, three: tuple[Change, ...], snapshot: SnapshotAssertion
) -> None:
    whole = View(zone=None, whole=True, given=" -f demo")
    assert plan_text(make_plan(three), whole) == snapshot


def test_a_plan_that_a_rule_forbids_names_the_flag(
    make_plan: MakePlan, three: tuple[Change, ...], snapshot: SnapshotAssertion
) -> None:
    plan = make_plan(three, limits=(LIMIT, LIMIT), quiet=True)
    assert plan_text(msgspec.structs.replace(plan, allowances=("bootstrap",), scope=("--only person",)), VIEW) == snapshot


def test_an_empty_plan_says_so_and_offers_nothing(make_plan: MakePlan) -> None:
    said = plan_text(make_plan(quiet=True), VIEW)
    assert said.startswith("No changes: nothing to do on 2 resources.")
    assert said.endswith("Nothing to apply.")
    assert "trueup apply" not in said


def test_an_empty_plan_with_an_unreadable_door_does_not_claim_that_all_is_well(make_plan: MakePlan) -> None:
    assert plan_text(make_plan(), VIEW).startswith("No changes planned; 1 of 3 resources could not be judged.")


def test_a_plan_made_offline_says_that_it_cannot_be_applied(make_plan: MakePlan, three: tuple[Change, ...]) -> None:
    plan = make_plan(three, offline=True)
    resources = tuple(msgspec.structs.replace(r, condition=Condition.OFFLINE) for r in plan.resources)
    said = plan_text(msgspec.structs.replace(plan, resources=resources), VIEW)
    assert "planned from what is remembered" in said
    assert "it cannot be applied" in said


def test_a_resource_without_spec_is_explained(make_plan: MakePlan, three: tuple[Change, ...]) -> None:
    plan = make_plan(three, quiet=True)
    orphan = msgspec.structs.replace(
        plan.resources[0], condition=Condition.ORPHANED, message="no spec declares it any more", clock_offset=2.0
    )
    said = question_text(msgspec.structs.replace(plan, resources=(orphan,)), VIEW)
    assert "  no spec declares it any more\n" in said
    assert "clock" not in said


def many(count: int) -> tuple[Change, ...]:
    valid = FieldChange("valid", was="2026-01-01 to 2026-06-30", becomes="2026-01-01 to 2026-12-31")
    kinds = ((Action.UPDATE, Effect.GRANTS), (Action.DELETE, Effect.REVOKES), (Action.FORGET, Effect.NEUTRAL))
    return tuple(
        Change(
            str(n),
            "Device/front-door",
            "person",
            str(n),
            *kinds[n % 3],
            "what is declared has changed",
            (valid,),
            label=f"Åsa Öberg {n}",
        )
        for n in range(count)
    )


def test_thirty_thousand_changes_are_folded(make_plan: MakePlan, snapshot: SnapshotAssertion) -> None:
    plan = make_plan(many(30_000), quiet=True)
    said = plan_text(plan, VIEW)
    assert len(said.splitlines()) < 80
    assert said == snapshot


def test_thirty_thousand_changes_are_all_told_when_asked_for(make_plan: MakePlan) -> None:
    plan = make_plan(many(30_000), quiet=True)
    said = plan_text(plan, View(whole=True))
    assert said.count("Åsa Öberg") == 30_000
    assert "more (--verbose" not in said


def test_no_line_passes_eighty_columns(make_plan: MakePlan, three: tuple[Change, ...]) -> None:
    for view in (VIEW, View(whole=True)):
        assert max(map(len, plan_text(make_plan(three, limits=(LIMIT,)), view).splitlines())) <= 80


def test_what_trueup_says_itself_is_ascii(make_plan: MakePlan) -> None:
    assert plan_text(make_plan(limits=(LIMIT,)), VIEW).isascii()


def test_many_untouched_doors_are_folded(make_plan: MakePlan) -> None:
    plan = make_plan(quiet=True)
    doors = tuple(msgspec.structs.replace(plan.resources[1], address=f"Device/d{n}") for n in range(30))
    said = plan_text(msgspec.structs.replace(plan, resources=doors), VIEW)
    assert "... and 20 more" in said


def test_every_action_with_every_effect_has_words() -> None:
    for action in Action:
        for effect in Effect:
            assert phrase(action, effect, 1)
            assert phrase(action, effect, 2)
    assert phrase(Action.CREATE, Effect.GRANTS, 1) == "is added and may enter"


def test_drift_tells_what_would_be_put_right(make_plan: MakePlan, three: tuple[Change, ...], snapshot: SnapshotAssertion) -> None:
    assert drift_text(make_plan(three[2:], quiet=True), VIEW) == snapshot


def test_no_drift_is_claimed_only_where_everything_was_read(make_plan: MakePlan) -> None:
    assert drift_text(make_plan(quiet=True)).startswith("No drift: nobody changed what trueup wrote (2 resources).")
    assert drift_text(make_plan()).startswith("No drift seen, but 1 of 3 resources could not be judged.")


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("2026-07-01T10:00:00Z", ZoneInfo("Europe/Stockholm"), "2026-07-01 12:00"),
        ("2026-07-01T10:00:00Z", None, "2026-07-01 10:00 UTC"),
        ("2026-07-01T10:00:00", None, "2026-07-01T10:00:00"),
        ("soon", None, "soon"),
    ],
)
def test_moments_are_said_in_the_zone_of_the_site(text: str, zone: ZoneInfo | None, said: str) -> None:
    assert moment(text, zone) == said


def test_an_empty_table_is_no_line() -> None:
    assert list(table([])) == []


def test_a_line_break_in_a_name_stays_in_its_line() -> None:
    assert list(wrapped("a\nb", 2)) == ["  a b"]


# -- outcomes ----------------------------------------------------------------------------------------------------------------


def outcome(status: Status, n: int = 1, **more: Any) -> Outcome:
    return Outcome(f"c{n}", "Device/front-door", "person", str(n), "update", status, label=f"Åsa {n}", **more)


def result(rollup: Rollup, **more: Any) -> RunResult:
    return RunResult("r1", rollup, "2026-11-22T05:00:00Z", "2026-11-22T05:01:00Z", **more)


def test_a_run_that_went_wrong_in_part(snapshot: SnapshotAssertion) -> None:
    failed = [outcome(Status.FAILED, n, message="the device is full") for n in range(8)]
    unsure = outcome(Status.FAILED, 99, message="no answer in time", effect="unknown")
    doors = (
        ResourceResult("Device/front-door", Rollup.PARTIAL, {"done": 1200, "failed": 9}, seconds=75.0),
        ResourceResult(
            "Device/back-door", Rollup.PARKED, {"parked": 3}, "the password was refused", "check it, then trueup test", 0.2
        ),
    )
    parked = outcome(Status.PARKED, 100, message="the password was refused")
    assert outcome_text(
        result(
            Rollup.PARTIAL, resources=doors, outcomes=(*failed, unsure, outcome(Status.DONE), parked), resume=True,
            counts={"done": 1200, "failed": 9, "parked": 3}, first_fatal="Device/back-door: the password was refused",
        ),
        VIEW,
    ) == snapshot  # fmt: skip


def test_a_run_that_went_well_is_two_lines_and_a_sum() -> None:
    said = outcome_text(
        result(Rollup.SUCCESS, resources=(ResourceResult("Device/a", Rollup.SUCCESS, {"done": 1}),), counts={"done": 1})
    )
    assert said.splitlines()[-1] == "All that was planned is done: 1 change done in run r1."


def test_a_stopped_run_says_how_to_go_on() -> None:
    said = outcome_text(result(Rollup.PARTIAL, cancelled=True, resume=True, counts={"done": 2}), View(given=" -f demo"))
    assert "Stopped by you after 2 changes" in said
    assert "trueup apply -f demo --resume r1" in said


def test_a_run_that_failed_for_good_points_to_the_plan() -> None:
    said = outcome_text(result(Rollup.FAILED, outcomes=(outcome(Status.STALE),)), View(whole=True))
    assert "1 moved meanwhile, left alone on Device/front-door" in said
    assert said.endswith("To see what is left: trueup plan")


# -- status, test, progress --------------------------------------------------------------------------------------------------


def test_status_shows_what_needs_a_look(snapshot: SnapshotAssertion) -> None:
    ready = ConditionState("Device/a", "Ready", "True", "Read")
    drifted = ConditionState(
        "Device/b", "Drifted", "True", "ChangedAtTarget", "3 entries were changed", last_transition="2026-11-22T05:00:00Z"
    )
    unread = ConditionState("Device/b", "Ready", "False", "Unreachable")
    rows = [
        StatusRow("Device/a", "hikvision", (ready,), {"person": 1000, "card": 0}, "r1", "2026-11-22T05:00:00Z"),
        StatusRow("Device/b", "hikvision", (drifted, unread)),
        StatusRow("Device/c", "hikvision"),
    ]
    assert status_text(rows, VIEW) == snapshot


def test_status_tells_what_was_destroyed_from_a_run_that_did_not_finish() -> None:
    destroyed = ConditionState("Device/a", "Synced", "False", "Destroyed")
    text = status_text([StatusRow("Device/a", "hikvision", (destroyed,))])
    assert "what was ours here was destroyed" in text and "did not finish" not in text


def test_status_without_resources_says_how_to_begin() -> None:
    assert status_text([]).endswith("trueup init")


def test_answers_say_who_is_there_and_what_to_do(snapshot: SnapshotAssertion) -> None:
    rows = [
        AnswerRow(
            "Device/a", "hikvision", True, identity="K1", model="DS-K1T671", firmware="V3", clock_offset=-90.0,
            capacity={"person": Capacity(10, 3000), "card": Capacity(4, None), "face": Capacity(None, 50)}, notes=("faces: 3",),
        ),
        AnswerRow("Device/b", "hikvision", False, "refused the password", "check it; it was tried once", clock_offset=0.1),
        AnswerRow("Source/m", "cardskipper", True, clock_offset=7.0),
    ]  # fmt: skip
    assert answers_text(rows) == snapshot


def test_a_plan_that_changes_nothing_but_leaves_somebody_alone_says_so_at_once(make_plan: MakePlan) -> None:
    calm = make_plan((), quiet=True)
    refused = Notice("Device/front-door", Verdict.REFUSED, "validity-end-missing", "the end of validity is missing", "person", "7")
    assert plan_text(calm, VIEW).startswith("No changes: nothing to do on 2 resources.\n")
    some = msgspec.structs.replace(calm, notices=(refused, refused))
    assert plan_text(some, VIEW).startswith("No changes: nothing to do on 2 resources; 2 cases left alone, see below.\n")
