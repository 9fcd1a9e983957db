"""What is typed, and how mistakes in it are answered."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from controller.cli.exits import Exit, first
from controller.cli.session import allowances_of, ask, must_be_able_to_ask, scope_of
from controller.cli.settings import Settings, settings_of
from controller.model.errors import Cancelled, UsageError


def test_the_first_exit_code_that_applies_wins() -> None:
    assert first(Exit.CHANGES, Exit.PARTLY, Exit.ERROR) is Exit.PARTLY
    assert first(Exit.PARTLY, Exit.SPEC_INVALID, Exit.CANCELLED) is Exit.CANCELLED
    assert first(Exit.ERROR, Exit.CHANGES) is Exit.ERROR
    assert first() is Exit.FINE


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(trueup: Callable[..., Any]) -> None:
    said = trueup("aply")
    assert said.code == 1
    assert "error: No such command 'aply'. Did you mean apply?" in said.err
    assert said.out == ""


def test_a_command_like_no_other_gets_no_guess(trueup: Callable[..., Any]) -> None:
    assert "Did you mean" not in trueup("xyzzy").err


def test_an_unknown_option_points_to_the_help_of_its_command(trueup: Callable[..., Any]) -> None:
    said = trueup("plan", "--nope")
    assert said.code == 1
    assert "trueup plan --help" in said.err


def test_no_command_at_all_shows_the_help(trueup: Callable[..., Any]) -> None:
    said = trueup()
    assert said.code == 1
    assert "First steps:" in said.err


def test_version_says_the_version(trueup: Callable[..., Any]) -> None:
    assert trueup("version").out == trueup("--version").out
    assert trueup("version").out.startswith("trueup 0.")


def test_shared_options_are_understood_before_and_after_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from controller.cli.app import make_app

    monkeypatch.delenv("TRUEUP_SPECS", raising=False)
    app = make_app()
    for arguments in (["-f", "a", "--state", "s", "version"], ["version", "-f", "a", "--state", "s"]):
        context = app.make_context("trueup", arguments, obj=Settings())
        with context:
            app.invoke(context)
        assert settings_of(context) == Settings(file=("a",), state="s")


def test_settings_come_from_the_environment_when_nothing_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_SPECS", os.pathsep.join(["one", "two"]))
    monkeypatch.setenv("TRUEUP_STATE", "elsewhere")
    monkeypatch.setenv("TRUEUP_TRUST", "trust.yaml")
    options = Settings().options()
    assert options.specs == (Path("one"), Path("two"))
    assert (options.state, options.trust) == (Path("elsewhere"), Path("trust.yaml"))
    assert Settings(file=("typed",)).options().specs == (Path("typed"),)


def test_defaults_without_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRUEUP_SPECS", "TRUEUP_STATE", "TRUEUP_TRUST"):
        monkeypatch.delenv(name, raising=False)
    options = Settings().options()
    assert (options.specs, options.state, options.trust) == ((Path("specs"),), Path(".trueup"), None)


def test_suggested_commands_repeat_the_options_that_were_given() -> None:
    assert Settings().given == ""
    assert Settings(file=("my specs", "b"), state="s", trust="t").given == " -f 'my specs' -f b --state s --trust t"


def test_settings_of_a_foreign_context_are_the_defaults() -> None:
    assert settings_of(click.Context(click.Command("x"))) == Settings()


def test_a_selection_takes_kinds_with_commas() -> None:
    scope = scope_of(["Device/*"], ["Device/x"], ["person,card", "face"], ["site=gym"])
    assert scope.only == ("person", "card", "face")
    assert scope.words()[0] == "--target Device/*"


@pytest.mark.parametrize(("targets", "labels"), [(["  "], []), ([], ["site="]), ([], ["=gym"])])
def test_a_selection_that_can_mean_nothing_is_refused(targets: list[str], labels: list[str]) -> None:
    with pytest.raises(UsageError):
        scope_of(targets, [], [], labels)


def test_allowances_are_copied_from_the_plan() -> None:
    assert allowances_of(True, ["revoke:Device/a=12"]) == {"bootstrap", "revoke:Device/a=12"}
    assert allowances_of(False, []) == frozenset()
    for wrong in ("revoke", "revoke:Device/a=many", "revoke=12", "revoke:Device/a=²", f"revoke:Device/a={'9' * 5000}"):
        with pytest.raises(UsageError, match="allows nothing"):
            allowances_of(False, [wrong])


def test_nobody_is_asked_when_nobody_is_there() -> None:
    with pytest.raises(UsageError, match="nobody is there"):
        must_be_able_to_ask()


def test_no_means_that_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    with pytest.raises(Cancelled):
        ask("Do it?")
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    ask("Do it?")
