"""What commands that open the workspace have in common: the event loop, the view, reading a selection, asking."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec

from controller.cli.settings import Settings
from controller.cli.show.layout import View
from controller.cli.talk import Talk
from controller.model.errors import Cancelled, UsageError
from controller.model.labels import FORMS, selector
from controller.model.scope import Scope

if TYPE_CHECKING:
    from controller.runtime.workspace import Workspace
    from controller.state.store import State

T = TypeVar("T")


def run_async(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(main)


@asynccontextmanager
async def opened(settings: Settings, *, write: bool) -> AsyncIterator[Workspace]:
    """The workspace of these settings: specs, state and key."""
    from controller.runtime.workspace import open_workspace

    async with open_workspace(settings.options(), write=write) as workspace:
        yield workspace


@asynccontextmanager
async def opened_state(settings: Settings) -> AsyncIterator[State]:
    """The state alone: what concerns nothing else works while the specs are wrong or not yet written."""
    from controller.runtime.workspace import open_secrets

    async with open_secrets(settings.options()) as state:
        yield state


def view_of(settings: Settings, timezone: str | None) -> View:
    """``timezone`` is that of the Controller spec; without one, times are said in UTC."""
    return View(zone=ZoneInfo(timezone) if timezone else None, whole=settings.verbose, given=settings.given)


def selection_of(given: Mapping[str, Any]) -> Scope:
    """The selection of a command with ``scope_options`` and ``record_options``; raises UsageError."""
    records, where = tuple(given["records"] or ()), tuple(given["where"] or ())
    if records and where:
        raise UsageError("--record and --where name records in two ways", hint="give one of them")
    if (records or where) and (word := next((w for w in ("destroy", "refresh_only") if given[w]), "")):
        flag = word.replace("_", "-")
        raise UsageError(f"--{flag} knows no records", hint="select with --target, --only or --label")
    scope = scope_of(given["targets"], given["excludes"], given["only"], given["labels"])
    return msgspec.structs.replace(scope, records=records, where=where)


def checked_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The selectors of --label; raises UsageError for one that cannot be read."""
    for label in labels:
        try:
            selector(label)
        except ValueError as wrong:
            raise UsageError(f"--label {wrong}", hint=FORMS) from None
    return tuple(labels)


def scope_of(targets: Sequence[str], excludes: Sequence[str], only: Sequence[str], labels: Sequence[str]) -> Scope:
    """The selection; raises UsageError where a word cannot mean anything."""
    checked_labels(labels)
    for pattern in (*targets, *excludes):
        if not pattern.strip():
            raise UsageError("--target and --exclude need an address", hint="write Kind/name, for example Device/front-door")
    kinds = tuple(kind for word in only for kind in word.split(",") if kind)
    return Scope(tuple(targets), tuple(excludes), kinds, tuple(labels))


def allowances_of(bootstrap: bool, allow: Sequence[str]) -> frozenset[str]:
    """What --bootstrap and --allow permit, as plans name it: ``revoke:Device/front-door=12``, ``source-empty:members``."""
    from controller.engine.plans.limits import COUNT

    for text in allow:
        head, equals, count = text.partition("=")
        rule, _, source = text.partition(":")
        own_rule = head.startswith("policy:") and head != "policy:" and not equals
        if own_rule or (rule in ("source-empty", "source-shrink") and source):
            continue
        if not (equals and COUNT.fullmatch(count) and ":" in head):
            hint = "copy the whole flag from what `trueup plan` says: revoke:Device/front-door=12, source-empty:members"
            raise UsageError(f"--allow {text!r} allows nothing", hint=hint)
    return frozenset(allow) | (frozenset({"bootstrap"}) if bootstrap else frozenset())


def must_be_able_to_ask() -> None:
    """Raises UsageError when there is nobody to ask; called before any work is done that would be for nothing."""
    if not (sys.stdin and sys.stdin.isatty()):
        raise UsageError(
            "nobody is there to ask, so nothing was done",
            hint="to look at it first: trueup plan; where no person is (cron, CI), say --auto-approve",
        )


def ask(question: str) -> None:
    """Go on when the person says yes. Raises Cancelled on no."""
    if not click.confirm(question, default=False, err=True):
        raise Cancelled("you did not say yes, so nothing was done", hint="to do it, answer y")


@asynccontextmanager
async def stopping(talk: Talk) -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets; the second time the work is cut off at once."""
    loop, stop, task = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()

    def interrupt() -> None:
        if stop.is_set():
            talk.say("Stopped at once.")
            if task is not None:
                task.cancel()
            return
        stop.set()
        talk.say("Finishing the calls in flight; what is left can be resumed. Ctrl-C again stops at once.")

    installed = list(_install(loop, interrupt))
    try:
        yield stop
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


@asynccontextmanager
async def asked_to_end() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets, for what goes on until then and leaves nothing half done."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    installed = list(_install(loop, end.set))
    try:
        yield end
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


def _install(loop: asyncio.AbstractEventLoop, interrupt: Callable[[], None]) -> Sequence[signal.Signals]:
    """Where there are no signals (a thread that is not the main one, another platform) the default stays."""
    done = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, interrupt)
            done.append(number)
    return done
