"""The commands as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from controller.cli.docs.tables import markdown
from controller.cli.docs.tree import Described, Paragraph, sections, shared


def commands_part() -> str:
    return "\n\n".join(block for heading, found in sections() for block in (f"## {heading}", *map(_command, found)))


def shared_part() -> str:
    return markdown(["option", "meaning"], [(f"`{spelling}`", meaning) for spelling, meaning in shared()])


def _command(command: Described, depth: int = 3) -> str:
    return "\n\n".join(_blocks(command, depth))


def _blocks(command: Described, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} {command.path}"
    if not command.inner:
        yield f"`{command.path} {command.usage}`"
    yield from map(_paragraph, command.paragraphs)
    if command.options:
        yield markdown(["option", "meaning"], [(f"`{spelling}`", meaning) for spelling, meaning in command.options])
    yield from (_command(inner, depth + 1) for inner in command.inner)


def _paragraph(paragraph: Paragraph) -> str:
    if paragraph.verbatim:
        return "\n".join((f"```{'sh parse' if paragraph.commands else 'text'}", *paragraph.lines, "```"))
    return paragraph.text.replace("<", "\\<").replace("*", "\\*")
