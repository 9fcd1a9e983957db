"""The manual page, trueup(1), in roff: the same words as ``--help`` and docs/commands.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller import __version__
from controller.cli.docs.tree import Described, Paragraph, sections, shared
from controller.cli.exits import MEANINGS

_ENVIRONMENT = {
    "TRUEUP_SPECS": "Spec files and folders, as -f; several with a colon between them.",
    "TRUEUP_STATE": "Folder of the state, as --state.",
    "TRUEUP_TRUST": "The trust file, as --trust.",
    "TRUEUP_VARS": "Values files, as --vars; several with a colon between them.",
    "TRUEUP_KEY": "The key that seals and signs, instead of the file key beside the state.",
    "NO_COLOR": "When it is set and not empty: no colour.",
}
_SEE = "The folder docs/ of the source: quick start, concepts, every kind and provider, safety, troubleshooting by message."


def manual() -> str:
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield f'.TH TRUEUP 1 "" "trueup {__version__}" "User Commands"'
    yield from (".SH NAME", "trueup \\- make other systems true to what you declared")
    yield from (".SH SYNOPSIS", ".B trueup", _escaped("[OPTIONS] COMMAND [ARGS]..."))
    yield ".SH DESCRIPTION"
    yield _escaped("Specs in YAML say where people come from and which doors, terminals and other systems exist. trueup shows what "
                   "differs (plan), changes it (apply), and tells what somebody changed since (drift).")  # fmt: skip
    yield ".SH OPTIONS OF EVERY COMMAND"
    yield from _items(shared())
    for heading, commands in sections():
        yield f".SH {_escaped(heading.upper())}"
        for command in commands:
            yield from _command(command)
    yield ".SH EXIT STATUS"
    yield "The first that applies, from the top:"
    yield from _items((str(code.value), words) for code, words in MEANINGS.items())
    yield ".SH ENVIRONMENT"
    yield from _items(_ENVIRONMENT.items())
    yield from (".SH SEE ALSO", _escaped(_SEE))


def _command(command: Described) -> Iterator[str]:
    yield f".SS {_escaped(command.path)}"
    if not command.inner:
        yield from (f".B {_escaped(command.path)}", _escaped(command.usage), ".PP")
    for paragraph in command.paragraphs:
        yield from _paragraph(paragraph)
    yield from _items(command.options)
    for inner in command.inner:
        yield from _command(inner)


def _paragraph(paragraph: Paragraph) -> Iterator[str]:
    if paragraph.verbatim:
        yield from (".PP", ".nf", *map(_escaped, paragraph.lines), ".fi")
    else:
        yield from (".PP", _escaped(paragraph.text))


def _items(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    for head, text in found:
        yield from (".TP", f"\\fB{_escaped(head)}\\fR", _escaped(text))


def _escaped(text: str) -> str:
    """Roff's own signs made harmless: backslash, a minus that is typed, a dot or quote that begins a line."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe[:1] in (".", "'") else safe
