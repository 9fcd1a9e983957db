"""How trueup speaks: data to stdout in one write, everything else to stderr. Knows nothing of what is said."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TextIO

import click

from controller.cli import screen
from controller.cli.settings import Settings, settings_of

_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "~": "\x1b[33m", "!": "\x1b[35m"}
_PLAIN = "\x1b[0m"

# Names come from registers and devices; none of them may move the cursor, set a title or turn the reading direction.
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "?")
_CONTROLS[ord("\t")] = _CONTROLS[ord("\n")] = " "


def plain(text: str) -> str:
    """The text without anything that a terminal would obey."""
    return text if text.isprintable() else text.translate(_CONTROLS)


@dataclass(frozen=True)
class Talk:
    quiet: bool = False
    verbose: bool = False
    colour: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Talk:
        return cls(settings.quiet, settings.verbose, screen.has_colour(sys.stdout, unwanted=settings.no_color))

    def data(self, text: str) -> bool:
        """A result. Lines that begin with a sign (+ - ~ !) get its colour on a terminal. False when nobody reads any more."""
        return write(sys.stdout, _painted(text) if self.colour else text)

    def say(self, text: str) -> None:
        """Something for the person in front; silenced by --quiet."""
        if not self.quiet:
            write(sys.stderr, text)

    def detail(self, text: str) -> None:
        if self.verbose:
            write(sys.stderr, text)

    def complain(self, message: str, hint: str = "") -> None:
        """What happened, and what to do about it; said however quiet it is to be. Broken into lines for a terminal only: a log is
        searched line by line."""
        from controller.cli.show.layout import wrapped
        from controller.cli.show.words import local_times

        with screen.as_wide_as(sys.stderr):
            lines = [*wrapped(local_times(message, None), 0, hang=-5, sign="error: ")]
            lines += [*wrapped(local_times(hint, None), 2, sign="-> ")] if hint else []
        write(sys.stderr, "\n".join(lines))


def talk_of(context: click.Context) -> Talk:
    return Talk.of(settings_of(context))


def write(stream: TextIO | None, text: str) -> bool:
    """One write; False when nobody reads it. A reader that has gone (``| head``) is no error, nor a stream that the caller closed
    (``>&-``, here None); letters the terminal lacks are written as escapes, which are those of JSON."""
    if stream is None:
        return False
    screen.wipe()
    text = text if text.endswith("\n") else text + "\n"
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(screen.spelt(text, stream.encoding))
        stream.flush()
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return False
    return True


def _painted(text: str) -> str:
    return "\n".join(_paint_line(line) for line in text.split("\n"))


def _paint_line(line: str) -> str:
    sign = line.lstrip(" ")[:2]
    colour = _COLOURS.get(sign[:1]) if sign[1:] == " " else None
    return f"{colour}{line}{_PLAIN}" if colour else line
