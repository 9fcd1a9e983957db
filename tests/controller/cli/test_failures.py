"""Every error becomes words, a next step and an exit code, in one place."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest

from controller.cli import app as app_module
from controller.cli.exits import Exit
from controller.cli.failures import explain, single
from controller.cli.settings import Settings
from controller.cli.talk import Talk, plain, write
from controller.model.diagnostic import Diagnostic, Place, Severity
from controller.model.errors import (
    Cancelled,
    KeyUnusable,
    LeaseHeld,
    PlanRejected,
    RuleRefused,
    SecretMissing,
    SpecInvalid,
    StateUnusable,
    TrueupError,
)

CODES = [
    (Cancelled("c"), 130), (SpecInvalid(()), 3), (PlanRejected("p"), 6), (RuleRefused("r"), 5), (StateUnusable("s"), 1),
    (LeaseHeld("l"), 1), (KeyUnusable("k"), 1), (SecretMissing("m"), 1),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_each_error_of_ours_leaves_with_its_own_code(error: TrueupError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(error, Settings()) == code
    assert capsys.readouterr().err.startswith(f"error: {error.message}")


def test_the_hint_stands_under_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    explain(RuleRefused("too much", hint="add --bootstrap"), Settings())
    assert capsys.readouterr().err == "error: too much\n  -> add --bootstrap\n"


def test_spec_problems_are_shown_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Diagnostic(Severity.ERROR, "unknown-key", "there is no key passwrod", Place("a.yaml", 3, 5))
    assert explain(SpecInvalid((problem,)), Settings()) == 3
    assert "a.yaml:3:5" in capsys.readouterr().err


def test_an_unexpected_error_says_how_to_report_it_and_hides_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(ValueError("canary-4711"), Settings()) is Exit.ERROR
    said = capsys.readouterr().err
    assert "ValueError" in said and "report" in said
    assert "canary-4711" not in said and "Traceback" not in said


def test_verbose_shows_where_it_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise RuntimeError("odd")
    except RuntimeError as error:
        explain(error, Settings(verbose=True))
    assert "Traceback" in capsys.readouterr().err


def test_trouble_with_a_file_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    explain(OSError(errno.EISDIR, "Is a directory", "plan.json"), Settings())
    explain(OSError(errno.ENOSPC, "No space left on device"), Settings())
    assert capsys.readouterr().err == (
        "error: Is a directory: plan.json\n  -> name a file, not a folder\n"
        "error: No space left on device\n  -> free some space, then run the same again\n"
    )


def test_of_many_failures_at_once_the_one_with_words_is_told() -> None:
    told = RuleRefused("too much")
    assert single(BaseExceptionGroup("g", [ValueError("x"), ExceptionGroup("h", [told])])) is told
    stop = KeyboardInterrupt()
    assert single(BaseExceptionGroup("g", [told, stop])) is stop
    first = ValueError("x")
    assert single(ExceptionGroup("g", [first, KeyError("y")])) is first


def test_a_cancelled_task_is_a_cancelled_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(asyncio.CancelledError(), Settings()) is Exit.CANCELLED
    assert capsys.readouterr().err.startswith("error: cancelled\n")


INTERRUPTED = [(KeyboardInterrupt(), 130), (click.Abort(), 130), (RuleRefused("no"), 5), (asyncio.CancelledError(), 130)]


@pytest.mark.parametrize(("raised", "code"), INTERRUPTED, ids=repr)
def test_the_command_line_catches_everything_once(
    raised: BaseException, code: int, trueup: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(click, "echo", fail)
    assert trueup("version").code == code


def test_a_failure_before_the_command_is_known_is_told_too(trueup: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> click.Group:
        group = click.Group("x")
        monkeypatch.setattr(group, "make_context", lambda *_, **__: (_ for _ in ()).throw(RuleRefused("early")))
        return group

    monkeypatch.setattr(app_module, "make_app", fail)
    said = trueup("version")
    assert (said.code, said.err) == (5, "error: early\n")


def test_leaving_on_purpose_is_not_stopped(trueup: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "echo", lambda *_: sys.exit(7))
    with pytest.raises(SystemExit):
        trueup("version")


def test_main_leaves_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    from controller.cli import main

    monkeypatch.setattr(sys, "argv", ["trueup", "nonsense"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1


# -- talking -----------------------------------------------------------------------------------------------------------------


def test_quiet_silences_talk_but_neither_data_nor_errors(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(quiet=True)
    talk.say("chatter")
    talk.detail("more chatter")
    talk.data("data")
    talk.complain("wrong")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("data\n", "error: wrong\n")


def test_details_are_for_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    Talk(verbose=True).detail("detail")
    assert capsys.readouterr().err == "detail\n"


def test_colour_marks_the_signs_and_only_them(capsys: pytest.CaptureFixture[str]) -> None:
    Talk(colour=True).data("head\n  + new\n  - gone\n-> arrow\n")
    assert capsys.readouterr().out == "head\n\x1b[32m  + new\x1b[0m\n\x1b[31m  - gone\x1b[0m\n-> arrow\n"


@pytest.mark.parametrize("settings", [Settings(no_color=True), Settings()])
def test_no_colour_when_unwanted_or_not_on_a_terminal(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Screen(terminal=settings.no_color))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Talk.of(settings).colour is False


def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Screen(terminal=True))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Talk.of(Settings()).colour is True


class _Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_letters_that_the_terminal_lacks_are_written_as_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write(stream, "Åsa")
    assert raw.getvalue() == b"\\u00c5sa\n"
    stream.close()


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        write(stream, "nobody reads this")
        write(stream, "nor this")


def test_names_cannot_command_the_terminal() -> None:
    assert plain("Eva\x1b[2J\x07\u202e Å\n") == "Eva?[2J??? Å ".replace("???", "??")
    assert plain("Živa O'Neill") == "Živa O'Neill"


def test_a_file_that_may_not_be_read_says_what_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    explain(PermissionError(errno.EACCES, "Permission denied", ".trueup/key"), Settings())
    assert capsys.readouterr().err == (
        "error: Permission denied: .trueup/key\n  -> check who owns it, and what your account may do there\n"
    )


def test_streams_that_the_caller_closed_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """``trueup plan >&-``: Python then has no such stream at all."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    talk = Talk.of(Settings())
    talk.data("a result")
    talk.say("a remark")
    assert talk.colour is False and explain(TrueupError("x"), Settings()) is Exit.ERROR
