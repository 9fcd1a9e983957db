"""Errors in words, and the exit code each means. Called once, from the outermost place."""

from __future__ import annotations

import asyncio
import errno
import sys
import traceback

from controller.cli.exits import Exit
from controller.cli.settings import Settings
from controller.cli.talk import Talk, write
from controller.model.errors import SpecInvalid, TrueupError

REPORT = (
    "this is a fault in trueup itself; run the command again with --verbose and report what it prints, with `trueup doctor` "
    "(CONTRIBUTING.md)"
)

_HINTS = {
    errno.ENOSPC: "free some space, then run the same again",
    errno.EDQUOT: "free some space, then run the same again",
    errno.ENOENT: "check the path",
    errno.EISDIR: "name a file, not a folder",
    errno.EACCES: "check who owns it, and what your account may do there",
    errno.EPERM: "check who owns it, and what your account may do there",
    errno.EROFS: "this disk takes no writes: choose another place",
}


def explain(error: BaseException, settings: Settings) -> Exit:
    """Say what happened; returns the exit code. A traceback is shown only with --verbose."""
    talk = Talk.of(settings)
    error = single(error)
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        talk.complain("cancelled", "what was begun is looked up by the next run; to see how things stand: trueup status")
        return Exit.CANCELLED
    if isinstance(error, TrueupError):
        if isinstance(error, SpecInvalid) and error.diagnostics:
            _show_problems(error, talk, settings)
        else:
            talk.complain(error.message, error.hint)
        _trace(error, settings)
        return Exit(error.exit_code)
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        talk.complain(
            f"{error.strerror}{where}", _HINTS.get(error.errno or 0, "check the path, and what your account may do there")
        )
        _trace(error, settings)
        return Exit.ERROR
    talk.complain(f"something unexpected happened ({type(error).__name__})", REPORT)
    _trace(error, settings)
    return Exit.ERROR


def _show_problems(error: SpecInvalid, talk: Talk, settings: Settings) -> None:
    from controller.cli.show.layout import width
    from controller.spec.render import render_text

    write(sys.stderr, render_text(error.diagnostics, width=width(), count=False))
    talk.complain(error.message, error.hint.replace("trueup validate", f"trueup validate{settings.given}"))


def single(error: BaseException) -> BaseException:
    """What a group of failures is about: an interruption before all, then the first error that has words of its own."""
    leaves = _leaves(error)
    for wanted in (KeyboardInterrupt, TrueupError):
        for leaf in leaves:
            if isinstance(leaf, wanted):
                return leaf
    return leaves[0]


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _trace(error: BaseException, settings: Settings) -> None:
    if settings.verbose:
        write(sys.stderr, "".join(traceback.format_exception(error)))
