"""The commands as values, read from click: the same words as ``--help``, for a page and for a manual page alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc

import click

from controller.cli.app import SECTIONS, make_app
from controller.cli.settings import shared_options


@dataclass(frozen=True)
class Paragraph:
    """A part of a help text. ``verbatim``: lines to be kept as they are; ``commands``: they are commands to type."""

    lines: tuple[str, ...]
    verbatim: bool = False
    commands: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass(frozen=True)
class Described:
    """One command: ``path`` with all its words, ``usage`` what follows them, options as (spelling, meaning)."""

    path: str
    usage: str
    short: str
    paragraphs: tuple[Paragraph, ...]
    options: tuple[tuple[str, str], ...]
    inner: tuple[Described, ...] = ()


def sections() -> Iterator[tuple[str, list[Described]]]:
    """Every command under the headings of ``trueup --help``."""
    app = make_app()
    root = click.Context(app, info_name="trueup")
    for heading, commands in SECTIONS.values():
        found = ((name, app.get_command(root, name)) for name in commands)
        yield heading, [described(command, name, root) for name, command in found if command is not None]


def shared() -> list[tuple[str, str]]:
    """The options that every command takes."""
    context = click.Context(click.Command("trueup"))
    return [record for option in shared_options() if (record := option.get_help_record(context))]


def described(command: click.Command, name: str, parent: click.Context) -> Described:
    context = click.Context(command, info_name=name, parent=parent)
    common = {option.name for option in shared_options()}
    options = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option) and p.name not in common]
    inner = command.commands.items() if isinstance(command, click.Group) else ()
    return Described(
        context.command_path,
        " ".join(command.collect_usage_pieces(context)),
        command.get_short_help_str(200),
        tuple(paragraphs(command.help or "")),
        tuple(record for record in options if record),
        tuple(described(one, word, context) for word, one in inner),
    )


def _typed(line: str) -> str:
    """A command; what stands after a wide gap is a remark."""
    command, gap, remark = re.sub(r" {3,}", "\n", line.strip(), count=1).partition("\n")
    return f"{command}    # {remark}" if gap and not remark.startswith("#") else line.strip()


def paragraphs(text: str) -> Iterator[Paragraph]:
    r"""A help text in parts: after ``\b`` lines are kept; what begins with Example, or holds trueup alone, is to be typed."""
    for block in cleandoc(text).split("\n\n"):
        lines = tuple(line for line in block.splitlines() if line.strip() not in ("", "\b"))
        if not lines:
            continue
        verbatim = block.lstrip("\n").startswith("\b")
        head, colon, rest = lines[0].partition(":")
        if head.startswith("Example") and colon:
            yield Paragraph((f"{head}:",))
            yield Paragraph(tuple(_typed(line) for line in (rest, *lines[1:]) if line.strip()), verbatim=True, commands=True)
        else:
            yield Paragraph(tuple(lines if verbatim else map(str.strip, lines)), verbatim=verbatim)
