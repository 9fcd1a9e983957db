"""Parameter types whose values can be completed. A type completes and changes nothing: what a word means is judged elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from controller.cli.completing.knowledge import Knowledge

    Type = click.ParamType[str]
else:
    Type = click.ParamType  # generic since click 8.5

Words = Callable[["Knowledge", str], Iterable[tuple[str, str]]]


class Word(Type):
    """A text; ``words`` gives those that it may be, each with what it is, for what was typed so far."""

    def __init__(self, name: str, words: Words) -> None:
        self.name = name
        self._words = words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from controller.cli.completing.knowledge import Knowledge
        from controller.cli.settings import settings_of

        found = dict(self._words(Knowledge(settings_of(ctx)), incomplete))
        return [CompletionItem(word, help=meaning or None) for word, meaning in found.items() if word.startswith(incomplete)]


ADDRESS = Word("address", lambda known, typed: known.addresses(typed))
RESOURCE = Word("resource", lambda known, typed: known.resources())
TARGET = Word("target", lambda known, typed: known.targets())
LABEL = Word("label", lambda known, typed: known.labels())
KIND = Word("kind", lambda known, typed: known.kinds())
RUN = Word("run", lambda known, typed: known.runs())
SOURCE = Word("source", lambda known, typed: known.sources())
PROVIDER = Word("provider", lambda known, typed: known.providers())
SECRET = Word("secret", lambda known, typed: known.secrets())


class RunOrPlan(Word):
    """A run or a saved plan: the shell offers files beside the runs."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        return [*super().shell_complete(ctx, param, incomplete), CompletionItem(incomplete, type="file")]


RUN_OR_PLAN = RunOrPlan("run", lambda known, typed: known.runs())
FILE = click.Path()
