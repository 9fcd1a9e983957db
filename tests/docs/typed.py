"""A line as a shell would take it apart, and what click says of the trueup commands in it, without running any."""

from __future__ import annotations

import re
import shlex

import click

from controller.cli.app import make_app
from controller.cli.settings import Settings

_INNER = re.compile(r"\$\((trueup [^()]*)\)")


def parsed(text: str) -> list[list[str]]:
    """Every trueup command in a line, read by click as far as it gets without running. Raises click.UsageError."""
    found = [words for inner in _INNER.findall(text) for words in parsed(inner)]
    for part in split(_split_words(text), "|"):
        if "trueup" in part:
            words = redirected(part[part.index("trueup") + 1 :])[0]
            _parse(words)
            found.append(words)
    return found


def _split_words(text: str) -> list[str]:
    """The words of a line, whatever joins its commands turned into a bar."""
    return ["|" if word in ("&&", "||", ";") else word for word in shlex_words(text)]


def _parse(words: list[str]) -> None:
    context = make_app().make_context("trueup", words, obj=Settings())
    while isinstance(context.command, click.Group):
        name, found, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        try:
            context = found.make_context(name, rest, parent=context)
        except click.BadParameter as problem:
            if "does not exist" in problem.message:  # a file of the reader's
                return
            raise


def shlex_words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&>;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)


def split(words: list[str], mark: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == mark:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def redirected(words: list[str]) -> tuple[list[str], str]:
    if ">" in words:
        at = words.index(">")
        return words[:at], words[at + 1]
    return [word for word in words if word != "&"], ""
