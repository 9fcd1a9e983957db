"""The operator's own rules: which changes they are about, when, how many, and what that stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.review.rules import Rulebook, Ruling, judge, must_be_allowable, ruled
from controller.engine.review.windows import in_words, within
from controller.model.change import Action, Change, Condition, FieldChange, Plan, ResourcePlan, Verdict
from controller.model.diagnostic import Place
from controller.model.entity import Effect
from controller.model.errors import UsageError
from controller.spec.policy import ControllerSpec
from controller.spec.rules import ACTIONS, Rule, Window

FRONT, SIDE = "Device/front-door", "Device/side-door"
STOCKHOLM = "Europe/Stockholm"
SATURDAY = datetime(2026, 5, 2, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


def change(number: int, resource: str = FRONT, action: Action = Action.DELETE, **more: Any) -> Change:
    effects = {Action.DELETE: Effect.REVOKES, Action.BAR: Effect.REVOKES, Action.CREATE: Effect.GRANTS}
    return Change(f"{resource}#{number}", resource, more.pop("kind", "person"), str(number), action,
                  effects.get(action, Effect.NEUTRAL), "is no longer declared", **more)  # fmt: skip


def plan(*changes: Change, allow: tuple[str, ...] = ()) -> Plan:
    resources = (
        ResourcePlan(FRONT, "hikvision", Condition.COMPLETE, labels={"site": "gym"}, actual=100),
        ResourcePlan(SIDE, "other", Condition.COMPLETE, labels={"site": "pool"}, actual=10),
    )
    return Plan(1, "p1", "2026-05-01T12:00:00Z", "2026-05-02T12:00:00Z", "w", "s", "1", resources, changes, allowances=allow)


def rule(deny: str | None = "not now", **words: Any) -> Rule:
    return Rule.model_validate({"name": "r", "deny": deny, **words})


def ruling(made: Plan, *rules: Rule, now: datetime = FRIDAY) -> Ruling:
    return judge(Rulebook(rules, now, STOCKHOLM, {"r": Place("specs/site.yaml", 7, 5)}), made)


MIXED = (
    change(1, fields=(FieldChange("valid"),)),
    change(2, SIDE, Action.CREATE, kind="card"),
    change(3, FRONT, Action.UPDATE, drift=True, fields=(FieldChange("name"),)),
)


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ({}, ["1", "2", "3"]),
        ({"kind": "card"}, ["2"]),
        ({"action": ["delete", "update"]}, ["1", "3"]),
        ({"effect": "revokes"}, ["1"]),
        ({"provider": "other"}, ["2"]),
        ({"address": "Device/front-*"}, ["1", "3"]),
        ({"address": ["Device/*:person/3"]}, ["3"]),
        ({"address": ["Device/*:person/3", "Device/side-door"]}, ["2", "3"]),
        ({"labels": {"site": "gym"}}, ["1", "3"]),
        ({"labels": {"site": "gym", "floor": "1"}}, []),
        ({"field": "valid"}, ["1"]),
        ({"drift": True}, ["3"]),
        ({"drift": False}, ["1", "2"]),
        ({"kind": "person", "action": "delete", "labels": {"site": "pool"}}, []),
    ],
)
def test_a_rule_is_about_the_changes_for_which_every_word_holds(when: dict[str, Any], found: list[str]) -> None:
    made = plan(*MIXED)
    alone = {c.key: judge(Rulebook([rule(when=when)], FRIDAY), msgspec.structs.replace(made, changes=(c,))).denied for c in MIXED}
    assert [key for key, denied in alone.items() if denied] == found


def test_what_is_denied_stands_like_a_limit_at_each_resource_and_names_its_line() -> None:
    said = ruling(plan(change(1), change(2), change(3, SIDE)), rule())
    assert [(x.resource, x.rule, x.count, x.message, x.flag, x.place) for x in said.denied] == [
        (FRONT, "policy:r", 2, "not now (2 changes)", "", "specs/site.yaml:7:5"),
        (SIDE, "policy:r", 1, "not now (1 change)", "", "specs/site.yaml:7:5"),
    ]


def test_a_warning_is_a_notice_and_stops_nothing() -> None:
    said = ruling(plan(change(1)), rule(None, warn="have a look"))
    assert said.denied == ()
    assert [(n.resource, n.verdict, n.code, n.message) for n in said.warned] == [
        (FRONT, Verdict.WARNED, "policy:r", "have a look (1 change)")
    ]


def test_an_allowance_helps_only_where_the_rule_may_be_overridden() -> None:
    made = plan(change(1), allow=("policy:r",))
    fixed, loose = ruling(made, rule()), ruling(made, rule(overridable=True))
    assert (len(fixed.denied), len(loose.denied), len(loose.allowed)) == (1, 0, 1)
    assert ruling(plan(change(1)), rule(overridable=True)).denied[0].flag == "--allow policy:r"


def test_an_allowance_for_one_rule_allows_no_other() -> None:
    other = replace_name(rule(overridable=True), "other")
    said = ruling(plan(change(1), allow=("policy:r", "bootstrap", "policy:othe")), rule(overridable=True), other)
    assert [limit.rule for limit in said.denied] == ["policy:other"]


def replace_name(found: Rule, name: str) -> Rule:
    return found.model_copy(update={"name": name})


@pytest.mark.parametrize(
    ("allow", "word"), [("policy:x", "names no rule"), ("policy:fixed", "may not be"), ("policy:soft", "only")]
)
def test_an_allowance_that_can_allow_nothing_is_a_mistake(allow: str, word: str) -> None:
    rules = [replace_name(rule(), "fixed"), replace_name(rule(None, warn="w"), "soft"), rule(overridable=True)]
    with pytest.raises(UsageError, match=word):
        must_be_allowable(rules, ["bootstrap", allow])
    must_be_allowable(rules, ["bootstrap", "policy:r", "revoke:Device/x=3"])


@pytest.mark.parametrize(
    ("words", "front", "side", "denied"),
    [
        ({"moreThan": 3}, 3, 3, []),
        ({"moreThan": 3}, 4, 3, [FRONT]),
        ({"moreThan": 0}, 1, 1, [FRONT, SIDE]),
        ({"moreThan": "10%"}, 10, 1, []),
        ({"moreThan": "10%"}, 10, 2, [SIDE]),
        ({"moreThan": "29%"}, 29, 0, []),
        ({"moreThan": 5, "per": "plan"}, 3, 3, [FRONT, SIDE]),
        ({"moreThan": 6, "per": "plan"}, 3, 3, []),
        ({"moreThan": "10%", "per": "plan"}, 11, 0, []),
        ({"moreThan": "10%", "per": "plan"}, 11, 1, [FRONT, SIDE]),
    ],
)
def test_more_than_counts_per_resource_or_over_the_plan(words: dict[str, Any], front: int, side: int, denied: list[str]) -> None:
    changes = [change(n) for n in range(front)] + [change(n, SIDE) for n in range(side)]
    assert [limit.resource for limit in ruling(plan(*changes), rule(when=words)).denied] == denied


def test_a_rule_may_stop_the_whole_plan_and_then_says_because_of_whom() -> None:
    said = ruling(plan(change(1), change(2, SIDE, Action.CREATE)), rule(refuse="everything", when={"action": "delete"}))
    assert [limit.resource for limit in said.denied] == [FRONT, SIDE]
    assert f"because of {FRONT}" in said.denied[1].message
    assert ruling(plan(change(2, SIDE, Action.CREATE)), rule(refuse="everything", when={"action": "delete"})).denied == ()


def test_unless_takes_changes_and_times_out() -> None:
    office = {"time": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "17:00"}}
    only_in_office_hours = rule(unless=office)
    assert ruling(plan(change(1)), only_in_office_hours, now=FRIDAY).denied == ()
    assert len(ruling(plan(change(1)), only_in_office_hours, now=SATURDAY).denied) == 1
    no_new_cards = rule(unless={"kind": "person"})
    assert [x.resource for x in ruling(plan(*MIXED), no_new_cards).denied] == [SIDE]


def test_no_removals_at_weekends() -> None:
    weekend = rule(when={"action": ["delete", "bar"], "time": {"days": ["sat", "sun"]}})
    made = plan(change(1), change(2, SIDE, Action.CREATE))
    assert ruling(made, weekend, now=FRIDAY).denied == ()
    assert [limit.resource for limit in ruling(made, weekend, now=SATURDAY).denied] == [FRONT]


def window(**words: Any) -> Window:
    return Window.model_validate(words)


@pytest.mark.parametrize(
    ("words", "moment", "inside"),
    [
        ({"days": "sat"}, "2026-05-01T22:30:00+00:00", True),  # half past midnight on Saturday in Stockholm
        ({"days": "sat"}, "2026-05-01T21:59:59+00:00", False),
        ({"days": "sat"}, "2026-05-02T21:59:59+00:00", True),
        ({"days": "sat"}, "2026-05-02T22:00:00+00:00", False),
        ({"from": "22:00", "to": "06:00", "days": "fri"}, "2026-05-01T21:59:00+02:00", False),
        ({"from": "22:00", "to": "06:00", "days": "fri"}, "2026-05-01T22:00:00+02:00", True),
        ({"from": "22:00", "to": "06:00", "days": "fri"}, "2026-05-02T05:59:59+02:00", True),
        ({"from": "22:00", "to": "06:00", "days": "fri"}, "2026-05-02T06:00:00+02:00", False),
        ({"from": "22:00", "to": "06:00", "days": "fri"}, "2026-05-01T05:00:00+02:00", False),  # that night began on Thursday
        ({"from": "22:00"}, "2026-05-01T23:59:59+02:00", True),
        ({"to": "06:00"}, "2026-05-01T06:00:00+02:00", False),
        ({"zone": "Asia/Tokyo", "days": "sat"}, "2026-05-01T15:00:00+00:00", True),
        ({"from": "02:00", "to": "03:00"}, "2026-10-25T01:30:00+00:00", True),  # half past two for the second time
    ],
)
def test_a_window_is_a_part_of_the_week_by_the_clock_on_the_wall(words: dict[str, Any], moment: str, inside: bool) -> None:
    assert within(window(**words), datetime.fromisoformat(moment), STOCKHOLM) is inside


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), st.integers(0, 23), st.integers(0, 23))
def test_a_window_and_the_rest_of_the_day_make_the_whole_week(moment: datetime, begin: int, end: int) -> None:
    if begin != end:
        words = {"from": f"{begin:02}:00", "to": f"{end:02}:00"}, {"from": f"{end:02}:00", "to": f"{begin:02}:00"}
        assert within(window(**words[0]), moment, STOCKHOLM) is not within(window(**words[1]), moment, STOCKHOLM)


def test_windows_are_told_in_words() -> None:
    assert in_words(window()) == "every day"
    assert in_words(window(**{"days": ["sat", "sun"], "from": "22:00", "to": "06:00", "zone": "Asia/Tokyo"})) == (
        "sat, sun 22:00 to 06:00 (Asia/Tokyo)"
    )


def test_judging_again_forbids_more_and_never_less() -> None:
    weekend = Rulebook([rule(when={"time": {"days": ["sat", "sun"]}})], SATURDAY, STOCKHOLM)
    made = plan(change(1))
    on_saturday = ruled(weekend, made)
    assert [limit.rule for limit in on_saturday.limits] == ["policy:r"]
    assert on_saturday.rules == ("r",)
    on_monday = ruled(replace(weekend, now=datetime(2026, 5, 4, tzinfo=UTC)), on_saturday)
    assert on_monday.limits == on_saturday.limits
    assert ruled(weekend, on_saturday) == on_saturday
    soft = Rulebook([rule(None, warn="look")], FRIDAY)
    assert ruled(soft, ruled(soft, made)).notices == ruled(soft, made).notices


def test_without_rules_a_plan_stays_as_it_is() -> None:
    made = plan(*MIXED)
    assert ruled(Rulebook(ControllerSpec().rules, FRIDAY), made) == made


def test_there_is_a_word_for_every_action_that_reaches_a_target_or_ends_our_ownership() -> None:
    assert set(ACTIONS) <= {action.value for action in Action}
    assert {action.value for action in Action} - set(ACTIONS) <= {"move"}
