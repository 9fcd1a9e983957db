"""A field of a spec in words: what it means, what may be written, and what stands below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.layout import STANDARD, View, wrapped
from controller.spec.explaining.topics import PAGE, Answer, Topic


def answers_text(answers: Sequence[Answer], view: View = STANDARD) -> str:
    """Every answer; where providers differ, each under its provider."""
    blocks = ["\n".join(_answer(answer, view)) for answer in answers]
    if len(answers) > 1:
        one = answers[0]
        way = view.command(f"explain {one.topic.path} --provider {one.providers[0]}")
        blocks.append("\n".join(wrapped(f"Providers differ here. One alone: {way}", 0)))
    return "\n\n".join(blocks)


def _answer(answer: Answer, view: View) -> Iterator[str]:
    topic = answer.topic
    if topic.type == PAGE:
        yield topic.description
        return
    yield topic.path + (f"  ({', '.join(answer.providers)})" if answer.providers else "")
    yield from wrapped(f"{topic.type}, {'must be written' if topic.required else 'may be left out'}", 2)
    yield from wrapped(topic.description, 2)
    yield from _facts(topic, 2)
    if topic.fields:
        yield ""
        yield "  Below it:"
        yield from fields_lines(topic.fields, 4)
        if any("block" in field.type and not field.fields for field in topic.fields):
            yield ""
            yield from wrapped(f"All that is below: {view.command(f'explain {topic.path} --recursive')}", 2)


def _facts(topic: Topic, indent: int) -> Iterator[str]:
    facts = {
        "default": topic.default,
        "one of" if "list" not in topic.type else "any of": ", ".join(topic.allowed) if len(topic.allowed) > 1 else "",
        "range": topic.bounds,
        "written as": topic.unit,
    }
    for name, value in facts.items():
        if value:
            yield from wrapped(f"{name}: {value}", indent, hang=2)
    key = topic.path.rpartition(".")[2]
    for example in topic.examples:
        yield from wrapped(f"example: {key}: {example}", indent, hang=2)
    for note in topic.notes:
        yield from wrapped(note, indent)


def fields_lines(fields: Sequence[Topic], indent: int) -> Iterator[str]:
    """Two lines or more per field: its key with what may be written, then its meaning; what is below it deeper."""
    for field in fields:
        *above, key = field.path.split(".")
        free = f"{above[-1]}." if above and above[-1].isupper() else ""
        yield from wrapped(f"{free}{key} ({_in_short(field)})", indent, hang=4)
        yield from wrapped(field.description, indent + 4)
        yield from fields_lines(field.fields, indent + 4)


def _in_short(field: Topic) -> str:
    words = " | ".join(field.allowed) if len(field.allowed) > 1 else field.type
    parts = [words, "must be written" if field.required else "", f"default {field.default}" if field.default else ""]
    return "; ".join(part for part in parts if part)
