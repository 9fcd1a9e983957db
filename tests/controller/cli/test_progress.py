"""Long work: how far, how quickly, how long still; one line on a terminal, few in a log, none when it is to be quiet."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterator

import pytest

from controller.cli import screen
from controller.cli.show.layout import table, wrapped
from controller.cli.show.pace import Pace, Whole, pace, pace_words
from controller.cli.show.progress import Lines, painting, progress
from controller.cli.talk import Talk, write
from controller.model.outcome import Progress


class Ticking:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("done", "total", "seconds", "words"),
    [
        (0, 100, 60.0, ""),  # nothing to go by
        (10, 100, 0.5, ""),  # too early
        (100, 1000, 10.0, ", 10/s, about 1m30s left"),
        (10, 100, 60.0, ", 10/min, about 9m left"),
        (100, 100, 10.0, ", 10/s"),  # all done
        (130, 100, 10.0, ", 13/s"),  # a total that was overtaken
        (500, 0, 10.0, ", 50/s"),  # no total at all
    ],
)
def test_what_was_done_says_how_long_the_rest_takes(done: int, total: int, seconds: float, words: str) -> None:
    assert pace_words(pace(done, total, seconds)) == words


def test_nobody_can_tell_at_the_beginning() -> None:
    assert pace(0, 10, 0.0) == Pace(None, None)
    assert Whole().line(0.0) == ""


def test_several_doors_are_one_whole() -> None:
    whole = Whole()
    for door in "ab":
        whole.add(Progress(f"Device/{door}", "writing", 0, 0, 100), 0.0)
    whole.add(Progress("Device/c", "asking who is there"), 1.0)
    whole.add(Progress("Device/a", "writing", 50, 1, 100), 10.0)
    whole.add(Progress("Device/b", "writing", 30, 0, 100), 10.0)
    assert whole.line(10.0) == "2 resources: writing 80 of 200, 1 failed, 8/s, about 15s left"


def test_what_was_done_before_is_no_measure() -> None:
    whole = Whole()
    whole.add(Progress("Device/a", "writing", 90, 0, 100), 0.0)
    whole.add(Progress("Device/a", "writing", 95, 0, 100), 10.0)
    assert whole.line(10.0) == "Device/a: writing 95 of 100, 30/min, about 10s left"


def test_progress_in_a_log_is_a_line_now_and_then() -> None:
    said: list[str] = []
    lines = Lines(said.append, Ticking())
    for done in range(101):
        lines(Progress("Device/a", "writing", done, 0, 100))
    lines(Progress("Device/a", "reading", 7))
    lines(Progress("Device/a", "reading", 8))
    lines(Progress("Device/a", "writing", 100, 1, 100))
    lines(Progress("Device/a", "reading", 1002, 0, 327))
    assert said == [
        "Device/a: writing 0 of 100",
        "Device/a: writing 50 of 100",
        "Device/a: writing 100 of 100",
        "Device/a: reading 7",
        "Device/a: writing 100 of 100, 1 failed",
        "Device/a: reading 1,002",
    ]


def test_a_log_of_many_doors_tells_of_the_whole_every_ten_seconds() -> None:
    said: list[str] = []
    clock = Ticking()
    lines = Lines(said.append, clock)
    for door in range(200):
        lines(Progress(f"Device/{door}", "writing", 0, 0, 100))
    assert len(said) == 12
    clock.now += 20
    lines(Progress("Device/7", "writing", 40, 0, 100))
    lines(Progress("Device/8", "writing", 40, 0, 100))
    assert said[12:] == ["200 resources: writing 40 of 20,000, 120/min, about 2h46m left"]


def test_a_log_says_how_long_it_will_take_half_way() -> None:
    said: list[str] = []
    clock = Ticking()
    lines = Lines(said.append, clock)
    lines(Progress("Device/a", "writing", 0, 0, 100))
    clock.now += 5
    lines(Progress("Device/a", "writing", 50, 0, 100))
    assert said[-1] == "Device/a: writing 50 of 100, 10/s, about 5s left"


def test_progress_is_silent_when_asked_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(Talk(quiet=True)) as report:
        report(Progress("Device/a", "writing"))
    with progress(Talk()) as report:
        report(Progress("Device/a", "asking"))
    assert capsys.readouterr().err == "Device/a: asking\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "ascii"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Terminal]]:
    """Call it in the test itself: pytest puts its own stderr back between set-up and test."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")

    def begin() -> Terminal:
        made = Terminal()
        monkeypatch.setattr(sys, "stderr", made)
        return made

    yield begin
    monkeypatch.undo()


def test_on_a_terminal_one_line_is_painted_over_and_goes(terminal: Callable[[], Terminal]) -> None:
    shown = terminal()
    with progress(Talk()) as report:
        report(Progress("Device/Åsa", "writing", 1, 0, 2))
        write(sys.stderr, "something else")
    assert shown.getvalue() == "\rDevice/\\u00c5sa: writing 1 of 2\x1b[K\r\x1b[Ksomething else\n"


def test_a_line_that_a_task_painted_goes_before_anything_else_is_said(terminal: Callable[[], Terminal]) -> None:
    shown = terminal()

    async def work() -> None:
        screen.paint("Device/a: reading")

    asyncio.run(work())  # a context of its own, as that of every command
    write(sys.stderr, "2 changes")
    assert shown.getvalue() == "\rDevice/a: reading\x1b[K\r\x1b[K2 changes\n"


def test_a_line_that_is_painted_is_never_wider_than_the_screen(terminal: Callable[[], Terminal]) -> None:
    shown, clock = terminal(), Ticking()
    with painting(clock) as report:
        for done in range(3):
            report(Progress("Device/" + "x" * 60, "writing", done, 0, 2))  # at once: painted once
        clock.now += 1
        report(Progress("Device/" + "x" * 60, "writing", 2, 0, 2))
    painted = [part.removesuffix("\x1b[K") for part in shown.getvalue().split("\r") if part]
    assert [len(part) for part in painted] == [39, 39, 0]
    assert painted[0].endswith("...")


@pytest.mark.parametrize(("given", "columns"), [("60", 60), ("200", 80), ("7", 40), ("", 80), ("wide", 80)])
def test_lines_are_as_wide_as_the_screen_and_never_wider_than_eighty(
    terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch, given: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", given)
    assert screen.columns_of(terminal()) == columns  # no descriptor behind it: what is not said is not known
    assert (screen.columns_of(io.StringIO()), screen.columns_of(None)) == (80, 80)


def test_a_plan_on_a_narrow_screen_breaks_between_words(terminal: Callable[[], Terminal]) -> None:
    token = screen.COLUMNS.set(44)
    try:
        rows = [["Device/front-door", "success", "300", "20s"], ["Device/pool-back-entrance", "partly done", "12", "2m"]]
        shown = [*table(rows), *wrapped("to look at it again, in all its length: trueup test Device/front-door", 2, sign="-> ")]
    finally:
        screen.COLUMNS.reset(token)
    assert all(len(line) <= 44 for line in shown)
    assert "     trueup test Device/front-door" in shown  # a command to copy stays whole


def test_an_error_is_broken_for_a_terminal_and_for_nothing_else(
    terminal: Callable[[], Terminal], capsys: pytest.CaptureFixture[str]
) -> None:
    message = "something went wrong at 2026-11-25T10:00:00Z that takes quite a number of words to be told"
    Talk().complain(message, "type this")
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message.replace('T10:00:00Z', ' 10:00 UTC')}"
    shown = terminal()
    Talk().complain(message, "type this")
    assert all(len(line) <= 40 for line in shown.getvalue().splitlines())


def test_letters_that_are_lacking_are_escaped_as_json_reads_them(terminal: Callable[[], Terminal]) -> None:
    names = ["Åsa", "Žižka", "\U0001f600", "\ud800"]
    text = json.dumps(names, ensure_ascii=False)
    assert json.loads(screen.spelt(text, "ascii")) == names
    assert screen.spelt("Åsa Žižka", "latin-1") == "Åsa \\u017di\\u017eka"
    shown = terminal()
    screen.paint("Åsa")
    screen.wipe()
    assert shown.getvalue().startswith("\r\\u00c5sa")


def test_a_dumb_terminal_gets_lines(terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    shown = terminal()
    with progress(Talk()) as report:
        report(Progress("Device/a", "asking"))
    assert shown.getvalue() == "Device/a: asking\n"
    assert not screen.has_colour(shown, unwanted=False)
