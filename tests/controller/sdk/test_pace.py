"""How a lane slows down by itself, with time as an argument: bounds, doubling, slow recovery."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.sdk.http.pace import CALM, Pace


def calm(pace: Pace, answers: int) -> float:
    for _ in range(answers):
        pace.fine()
    return pace.gap


def test_calls_start_a_pace_apart_and_the_first_one_at_once() -> None:
    pace = Pace(1.0)
    starts = [now + pace.wait(now) for now in (100.0, 100.25, 103.0, 103.5)]
    assert starts == [100.0, 101.0, 103.0, 104.0]


def test_busy_doubles_the_pause_at_once_up_to_a_bound() -> None:
    pace = Pace(1.0)
    pace.wait(0.0)
    pace.busy()
    assert pace.wait(0.5) == 1.5  # also before the call that was to come next
    gaps = []
    for _ in range(6):
        pace.busy()
        gaps.append(pace.gap)
    assert gaps == [4.0, 8.0, 16.0, 16.0, 16.0, 16.0]


def test_it_recovers_step_by_step_and_never_below_what_was_declared() -> None:
    pace = Pace(1.0)
    for _ in range(3):
        pace.busy()
    assert calm(pace, CALM - 1) == 8.0
    assert calm(pace, 1) == 4.0
    pace.fine()
    pace.busy()
    assert calm(pace, CALM - 1) == 8.0, "one word of being busy begins the count anew"
    assert calm(pace, 10 * CALM) == 1.0


def test_without_a_declared_pace_a_busy_lane_pauses_and_then_runs_free_again() -> None:
    pace = Pace(0.0)
    assert (pace.wait(5.0), pace.wait(5.0)) == (0.0, 0.0)
    for _ in range(9):
        pace.busy()
    assert pace.gap == 4.0
    assert calm(pace, 20 * CALM) == 0.0


def test_no_lane_waits_longer_than_a_minute_unless_more_is_declared() -> None:
    for declared, most in ((20.0, 60.0), (90.0, 90.0)):
        pace = Pace(declared)
        for _ in range(9):
            pace.busy()
        assert pace.gap == most


STEPS = st.lists(st.one_of(st.just("busy"), st.just("fine"), st.floats(0.0, 5.0)), max_size=80)


@given(st.sampled_from([0.0, 0.5, 1.0, 30.0, 100.0]), STEPS)
def test_it_is_never_quicker_than_declared_and_never_stuck(declared: float, steps: list[str | float]) -> None:
    pace, now, last = Pace(declared), 0.0, None
    for step in steps:
        if step == "busy":
            pace.busy()
        elif step == "fine":
            pace.fine()
        else:
            now += float(step)
            now += pace.wait(now)
            assert last is None or now - last >= pace.gap - 1e-6
            last = now
        assert declared <= pace.gap <= max(declared, 60.0)
    assert calm(pace, 20 * CALM) == declared
