"""What each marked part of docs/ holds, by its name.

fields KIND[.PROVIDER] PATH [without a,b] [flat c]   keys of a spec: `fields Device.hikvision spec.config`
output NAME PATH [without a,b] [flat c]              keys of a JSON output: `output plan plan.changes`
providers KIND                                       the providers of a kind
needs PROVIDER, keeps PROVIDER                       what it needs; what a source yields, what a target keeps
commands, shared-options, exit-codes                 the command line
complaints, codes                                    every error in words; every code, with what is said with it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.cli.docs.commands import commands_part, shared_part
from controller.cli.docs.complaints import complaints_part
from controller.cli.docs.messages import codes
from controller.cli.docs.provided import keeps_part, needs_part, providers_part
from controller.cli.docs.tables import Cut, keys_table, markdown
from controller.cli.exits import MEANINGS
from controller.cli.schemas import output_schemas
from controller.model.errors import TrueupError
from controller.registry import Registry
from controller.spec.explaining.topics import explain, topic_in


class UnknownPart(Exception):
    """A page asks for a part that nothing makes."""


def own_registry() -> Registry:
    """The providers of this repository, whatever else is installed."""
    return Registry(discover=lambda group: ())


def part(name: str) -> str:
    """The Markdown of a part. Raises UnknownPart."""
    word, _, rest = name.partition(" ")
    makers: Mapping[str, Callable[[], str]] = {
        "commands": commands_part,
        "shared-options": shared_part,
        "exit-codes": _exit_codes,
        "codes": _codes,
        "complaints": complaints_part,
        "fields": lambda: _fields(rest),
        "output": lambda: _output(rest),
        "providers": lambda: providers_part(own_registry(), rest),
        "needs": lambda: needs_part(own_registry(), rest),
        "keeps": lambda: keeps_part(own_registry(), rest),
    }
    if word not in makers:
        raise UnknownPart(f"nothing makes a part `{name}`; there are: {', '.join(makers)}")
    try:
        return makers[word]()
    except TrueupError as error:
        raise UnknownPart(f"the part `{name}` leads nowhere: {error}") from error


def _exit_codes() -> str:
    return markdown(["code", "meaning"], [(f"`{code.value}`", words) for code, words in MEANINGS.items()])


def _codes() -> str:
    return markdown(["code", "what is said with it"], [(f"`{code}`", "<br>".join(_spoken(said))) for code, said in codes().items()])


def _spoken(messages: tuple[str, ...]) -> list[str]:
    """Messages that say something by themselves, safe in a table."""
    return [text.replace("<", "&lt;").replace("*", "\\*") for text in messages if len(text.replace("…", "").split()) > 1]


def _fields(rest: str) -> str:
    """As `trueup explain KIND.PATH --recursive`; what every provider of a kind has in common is told by the first one."""
    name, path, cut = _read(rest)
    [answer, *_] = explain(".".join((name, *path)), own_registry(), recursive=True)
    return keys_table(answer.topic, cut)


def _output(rest: str) -> str:
    name, path, cut = _read(rest)
    topic = topic_in(output_schemas()[f"{name}.json"], [name, *path])
    return keys_table(topic, cut, last="when it is not there", needed="always there")


def _read(rest: str) -> tuple[str, list[str], Cut]:
    name, path, *more = rest.split(" ")
    words = dict(zip(more[::2], more[1::2], strict=True))
    cut = Cut(*(frozenset(words.get(word, "").split(",")) - {""} for word in ("without", "flat")))
    return name, [step for step in path.split(".") if step], cut
