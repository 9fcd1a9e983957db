"""One place of a spec explained: meaning, type, unit, default, allowed values, example, and what may stand below it.

``explain`` walks the same schemas that editors complete from. Where several providers answer a path alike, there is one answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from controller.model.errors import UsageError
from controller.registry import BrokenProvider, Registry, kind_of
from controller.spec.envelope import CONTROLLER, KINDS, controller_model, document_model
from controller.spec.explaining.kinds_of_value import (
    SECRET,
    SOURCE,
    Defs,
    Node,
    allowed,
    blocks,
    bounds,
    choices,
    is_reference,
    resolved,
    type_words,
    unit_words,
    written,
)
from controller.spec.schemas import plain_schema

PAGE = "page"  # type of what is no field: a text about a word
ANY_KEY = "NAME"  # in paths: a key of one's own
DEEPEST = 12  # levels; specs have six


class Topic(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field. ``default``, ``allowed`` and ``examples`` are texts as a spec writes them; ``fields`` is what may stand below."""

    path: str
    type: str = ""
    description: str = ""
    required: bool = False
    default: str = ""
    unit: str = ""
    allowed: tuple[str, ...] = ()
    bounds: str = ""
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fields: tuple[Topic, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """A path explained for the providers that it holds for; none for a Controller."""

    topic: Topic
    providers: tuple[str, ...] = ()


def explain(path: str, registry: Registry, *, provider: str = "", recursive: bool = False) -> tuple[Answer, ...]:
    """Every answer there is. ``path``: ``Device.spec.people``, or with the provider in it, ``Device.hikvision.spec.people``.

    Raises UsageError with what was probably meant where the path leads nowhere, UnknownProvider and BrokenProvider.
    """
    parts = [part for part in re.sub(r"\[[^\]]*\]", "", path).split(".") if part]
    kind = _kind(parts[0] if parts else "")
    inner, named = parts[1:], provider
    if inner and inner[0] not in ("spec", "metadata", "apiVersion", "kind") and not named:
        named, inner = inner[0], inner[1:]
    answers: dict[Topic, list[str]] = {}
    lost: list[UsageError] = []
    depth = DEEPEST if recursive else 1
    for name, schema in _schemas(kind, named, registry):
        try:
            topic = topic_in(schema, [kind, *inner], depth)
        except UsageError as error:
            lost.append(error)
            continue
        answers.setdefault(topic, []).extend([name] if name else [])
    if not answers:
        raise lost[0] if lost else UsageError(f"no provider serves {kind} yet", hint=f"there are: {', '.join(_served(registry))}")
    return tuple(Answer(topic, tuple(names)) for topic, names in answers.items())


def fields_below(name: str, key: str, registry: Registry) -> tuple[Topic, ...]:
    """What may stand under ``spec.KEY`` for a provider, with everything below it: ``config``, or a section such as ``people``."""
    [answer] = explain(f"{kind_of(registry.load(name))}.{name}.spec.{key}", registry, recursive=True)
    return answer.topic.fields


def _kind(word: str) -> str:
    if word in KINDS:
        return word
    lower = {kind.lower(): kind for kind in KINDS}
    if word.lower() in lower:
        return lower[word.lower()]
    close = get_close_matches(word.lower(), lower, n=1)
    meant = f" Did you mean {lower[close[0]]}?" if close else ""
    raise UsageError(f"there is no kind {word!r}.{meant}", hint=f"a path begins with a kind: {', '.join(KINDS)}")


def _served(registry: Registry) -> list[str]:
    return sorted({entry.kind for entry in registry.entries() if entry.kind} | {CONTROLLER})


def _schemas(kind: str, named: str, registry: Registry) -> Iterator[tuple[str, Node]]:
    """The schema of each provider of the kind, or of the one that is named."""
    if kind == CONTROLLER:
        if named:
            raise UsageError(f"a Controller has no provider {named!r}", hint=f"write {CONTROLLER}.spec")
        yield "", plain_schema(controller_model())
        return
    for name in [named] if named else registry.names(kind):
        try:
            provider = registry.load(name)
        except BrokenProvider:
            if named:
                raise
            continue  # `trueup providers describe` says what is wrong with it; the others can be explained
        if kind_of(provider) == kind:
            yield name, plain_schema(document_model(provider))
        elif named:
            raise UsageError(f"{name} serves {kind_of(provider)}, not {kind}", hint=f"write {kind_of(provider)}.{name}")


def topic_in(schema: Node, parts: Sequence[str], depth: int = DEEPEST) -> Topic:
    """What stands in a schema below ``parts``; the first names the whole. Raises UsageError where they lead nowhere."""
    defs: Defs = schema.get("$defs", {})
    node: Node = {key: value for key, value in schema.items() if key != "$defs"}
    required, at = True, parts[0]
    for part in parts[1:]:
        node, required, at = _step(node, part, at, defs)
    if at in KINDS:
        node = {**node, "description": KINDS[at]}
    return _topic(at, node, required, defs, depth)


def _step(node: Node, part: str, at: str, defs: Defs) -> tuple[Node, bool, str]:
    """One key further down."""
    below = {
        key: (value, key in block.get("required", ()))
        for block, free in blocks(node, defs, references=True)
        if not free
        for key, value in block["properties"].items()
    }
    if part in below:
        return *below[part], f"{at}.{part}"
    if (inner := _under_free_key(node, defs)) is not None:
        return inner, False, f"{at}.{part}"
    known = {key.lower().replace("_", "").replace("-", ""): key for key in below}
    close = get_close_matches(part.lower().replace("_", "").replace("-", ""), known, n=1, cutoff=0.6)
    meant = f" Did you mean {at}.{known[close[0]]}?" if close else ""
    hint = f"below {at} there are: {', '.join(below)}" if below else f"{at} is a {type_words(node, defs)}; nothing stands below it"
    raise UsageError(f"there is no {part!r} below {at}.{meant}", hint=hint)


def _under_free_key(node: Node, defs: Defs) -> Node | None:
    """What stands under a key of one's own; None where no such key may stand."""
    inner = (resolved(choice, defs).get("additionalProperties") for choice in choices(node, defs))
    return next((one for one in inner if isinstance(one, Mapping)), None)


def _topic(at: str, node: Node, required: bool, defs: Defs, depth: int) -> Topic:
    whole = resolved(node, defs)
    return Topic(
        path=at,
        type=type_words(node, defs),
        description=str(whole.get("description") or _of_the_block(node, defs)),
        required=required,
        default=_default(whole),
        unit=unit_words(node, defs),
        allowed=allowed(node, defs),
        bounds=bounds(node, defs),
        examples=tuple(written(example) for example in _examples(node, defs)),
        notes=tuple(_notes(node, defs)),
        fields=_fields(at, node, defs, depth),
    )


def _of_the_block(node: Node, defs: Defs) -> str:
    return next((str(block["description"]) for block, _ in blocks(node, defs) if block.get("description")), "")


def _default(node: Node) -> str:
    default = node.get("default")
    return "" if default is None or default in ([], {}, "") else written(default)


def _examples(node: Node, defs: Defs) -> list[Any]:
    """Those of the field itself, else those of its form."""
    own = list(node.get("examples", ()))
    return own or [example for choice in choices(node, defs) for example in resolved(choice, defs).get("examples", ())]


def _notes(node: Node, defs: Defs) -> Iterator[str]:
    if node.get(SECRET) or any(map(is_reference, choices(node, defs))):
        yield "A reference is {env: NAME}, {file: PATH} or {secret: NAME}, never the value itself: see `trueup explain secrets`."
    if node.get(SOURCE):
        yield "Names a document of kind Source in the same specs."


def _fields(at: str, node: Node, defs: Defs, depth: int) -> tuple[Topic, ...]:
    if depth == 0:
        return ()
    found: dict[str, Topic] = {}
    for block, free in blocks(node, defs):
        for key, value in block["properties"].items():
            path = f"{at}.{ANY_KEY}.{key}" if free else f"{at}.{key}"
            if path not in found:
                found[path] = _topic(path, value, key in block.get("required", ()), defs, depth - 1)
    return tuple(found.values())
