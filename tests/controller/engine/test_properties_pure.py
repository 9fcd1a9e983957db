"""Laws of the pure parts: what widens grants, order respects every edge, limits never allow more of more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.engine.plans.limits import Stock, allowed, counted, exceeded, is_allowed
from controller.engine.plans.order import ordered
from controller.model.change import Action, Change, FieldChange
from controller.model.entity import Effect
from controller.model.period import PERMANENT, Period, period_effect
from controller.spec.policy import Policy
from tests.memory import CARD, PERSON

MOMENTS = ["2025-01-01T00:00:00", "2026-01-01T00:00:00", "2026-06-30T23:59:59", "2026-12-31T23:59:59", "2037-12-31T23:59:59"]
ends = st.sampled_from(["", *MOMENTS])
periods = st.builds(Period, ends, ends)
maybe = st.one_of(st.none(), periods)


def contains(period: Period | None, moment: str) -> bool:
    """Whether somebody with this period may enter then; the ends are inclusive, an empty one is open."""
    if period is None:
        return False
    return (not period.begin or period.begin <= moment) and (not period.end or moment <= period.end)


# -- periods -----------------------------------------------------------------------------------------------------------------


@given(maybe, maybe)
def test_whoever_gets_a_moment_that_he_had_not_is_granted_something(before: Period | None, after: Period | None) -> None:
    gained = any(contains(after, moment) and not contains(before, moment) for moment in MOMENTS)
    if gained:
        assert period_effect(before, after) is Effect.GRANTS


@given(maybe, maybe)
def test_what_revokes_gives_no_moment_to_anybody(before: Period | None, after: Period | None) -> None:
    if period_effect(before, after) is Effect.REVOKES:
        assert not any(contains(after, moment) and not contains(before, moment) for moment in MOMENTS)


@given(maybe, maybe)
def test_only_what_is_equal_is_neutral(before: Period | None, after: Period | None) -> None:
    assert (period_effect(before, after) is Effect.NEUTRAL) == (before == after)


@given(maybe, maybe)
def test_no_change_revokes_both_ways(before: Period | None, after: Period | None) -> None:
    both = {period_effect(before, after), period_effect(after, before)}
    assert both != {Effect.REVOKES} or before == after


@given(maybe)
def test_for_ever_is_the_widest(period: Period | None) -> None:
    assert period_effect(period, PERMANENT) in (Effect.GRANTS, Effect.NEUTRAL)
    assert period_effect(PERMANENT, period) in (Effect.REVOKES, Effect.NEUTRAL)


# -- order -------------------------------------------------------------------------------------------------------------------

EFFECTS = {
    Action.CREATE: [Effect.GRANTS],
    Action.UPDATE: [Effect.GRANTS, Effect.REVOKES, Effect.NEUTRAL],
    Action.ADOPT: [Effect.GRANTS, Effect.REVOKES, Effect.NEUTRAL],
    Action.DELETE: [Effect.REVOKES],
    Action.BAR: [Effect.REVOKES, Effect.NEUTRAL],
    Action.FORGET: [Effect.NEUTRAL],
}


@st.composite
def plans(draw: st.DrawFn) -> list[Change]:
    """Changes as deciding makes them: one per key, or a delete with a create of the same key (a replacement)."""
    changes: list[Change] = []
    for kind in ("person", "card"):
        for key in draw(st.sets(st.sampled_from("abcdef"))):
            actions = [draw(st.sampled_from(list(EFFECTS)))]
            if kind == "card" and draw(st.booleans()):
                actions = [Action.DELETE, Action.CREATE]
            administrator = draw(st.booleans())
            for action in actions:
                effect = draw(st.sampled_from(EFFECTS[action]))
                subject = draw(st.sampled_from("abcdef")) if kind == "card" else ""
                fields = (FieldChange("name"),) if draw(st.booleans()) else ()
                changes.append(
                    Change(f"D/x#{len(changes)}", "D/x", kind, key, action, effect, "", fields, subject=subject,
                           administrator=administrator)
                )  # fmt: skip
    return draw(st.permutations(changes))


@given(plans())
def test_everything_is_done_once_and_after_what_it_waits_for(changes: list[Change]) -> None:
    result = ordered(changes, (PERSON, CARD))
    assert sorted(c.id for c in result) == sorted(c.id for c in changes)
    done: set[str] = set()
    for change in result:
        assert set(change.after) <= done, change
        done.add(change.id)


@given(plans())
def test_a_person_stands_before_his_card_is_written_and_goes_after_it_has_gone(changes: list[Change]) -> None:
    position = {c.id: index for index, c in enumerate(ordered(changes, (PERSON, CARD)))}
    persons = {c.key: c for c in changes if c.kind == "person"}
    for card in (c for c in changes if c.kind == "card" and c.subject in persons):
        person = persons[card.subject]
        if card.action is Action.DELETE and person.action is Action.DELETE:
            assert position[card.id] < position[person.id]
        if card.action is Action.CREATE and person.action is Action.CREATE:
            assert position[person.id] < position[card.id]


@given(plans())
def test_what_replaces_comes_after_what_it_replaces(changes: list[Change]) -> None:
    position = {c.id: index for index, c in enumerate(ordered(changes, (PERSON, CARD)))}
    gone = {(c.kind, c.key): c.id for c in changes if c.action is Action.DELETE}
    for change in changes:
        if change.action is Action.CREATE and (change.kind, change.key) in gone:
            assert position[gone[change.kind, change.key]] < position[change.id]


@given(plans())
def test_doors_are_closed_before_they_are_opened_except_for_administrators(changes: list[Change]) -> None:
    """A revoke that waits for nothing never stands behind a grant."""
    result = [c for c in ordered(changes, (PERSON, CARD)) if not c.administrator]
    first_grant = next((index for index, c in enumerate(result) if c.effect is Effect.GRANTS and c.fields), len(result))
    late = [c for c in result[first_grant:] if c.effect is Effect.REVOKES and c.action is not Action.DELETE and not c.after]
    assert [c for c in late if c.fields] == []


@given(plans())
def test_administrators_get_before_they_lose(changes: list[Change]) -> None:
    result = [c for c in ordered(changes, (PERSON, CARD)) if c.administrator]
    replaced = {(c.kind, c.key) for c in result if c.effect is Effect.GRANTS}
    losing = [i for i, c in enumerate(result) if c.effect is Effect.REVOKES and (c.kind, c.key) not in replaced and c.fields]
    getting = [i for i, c in enumerate(result) if c.effect is Effect.GRANTS]
    assert not losing or not getting or max(getting) < min(losing)


@given(plans())
def test_the_order_does_not_hang_on_the_order_of_asking_where_edges_decide(changes: list[Change]) -> None:
    edges = {c.id: set(c.after) for c in ordered(changes, (PERSON, CARD))}
    assert edges == {c.id: set(c.after) for c in ordered(list(reversed(changes)), (PERSON, CARD))}


# -- limits ------------------------------------------------------------------------------------------------------------------

shares = st.floats(0, 1)


@given(st.sampled_from([Effect.REVOKES, Effect.GRANTS]), shares, st.integers(0, 10_000))
def test_nobody_may_lose_everybody_unless_all_of_them_is_what_the_policy_says(effect: Effect, share: float, existing: int) -> None:
    most = allowed(effect, share, existing)
    assert most >= 0
    if effect is Effect.REVOKES and existing > 0 and share < 1 - 1e-6:
        assert most < existing
    if existing >= 10:
        assert share * existing - 1 < most <= share * existing + 1e-6


@given(st.sampled_from([Effect.REVOKES, Effect.GRANTS]), shares, st.integers(0, 500), st.integers(0, 500))
def test_a_larger_share_allows_no_less(effect: Effect, share: float, existing: int, more: int) -> None:
    assert allowed(effect, min(1.0, share + more / 1000), existing) >= allowed(effect, share, existing)


@given(plans(), st.integers(0, 40), st.booleans(), st.integers(0, 9), st.integers(0, 9))
def test_every_limit_is_lifted_by_the_flag_that_it_names_and_by_nothing_less(
    changes: list[Change], existing: int, initialised: bool, spent: int, budget: int
) -> None:
    policy = Policy.model_validate({"budgets": {"revoke": budget, "grant": budget}})
    spending = {"revokes": spent, "grants": spent}
    for limit in exceeded("D/x", changes, policy, Stock(existing, existing, initialised, spending)):
        flag = limit.flag.removeprefix("--allow ").removeprefix("--")
        assert is_allowed(limit, [flag])
        head, equals, count = flag.partition("=")
        assert not equals or not is_allowed(limit, [f"{head}={int(count) - 1}"])


@given(plans(), st.integers(0, 40))
def test_no_change_is_counted_twice(changes: list[Change], existing: int) -> None:
    found = counted(changes)
    assert found[Effect.REVOKES] + found[Effect.GRANTS] <= len(changes)
