"""Reads YAML 1.2 (and JSON) with a place for every key and value, on libyaml's event stream where it is installed.

Events rather than nodes: libyaml's node composer recurses in C and dies of deep nesting, and its nodes cost twice the time.
Nothing here knows what a spec means.
"""

from __future__ import annotations

from yaml import YAMLError

from controller.spec.syntax.compose import MAX_DEPTH, Composer, Content, Hopeless, Parsed
from controller.spec.syntax.words import explain

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # pragma: no cover - libyaml is in every wheel of PyYAML; the slow twin serves builds without it
    from yaml.parser import Parser as _PlainParser
    from yaml.reader import Reader as _Reader
    from yaml.scanner import Scanner as _Scanner

    class _Parser(_Reader, _Scanner, _PlainParser):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            _Reader.__init__(self, stream)
            _Scanner.__init__(self)
            _PlainParser.__init__(self)


Scanner = _Parser
"""Made from a text; ``get_token()`` gives its tokens with their marks, None at the end. For text that ``parse`` found well."""

__all__ = ["MAX_DEPTH", "Content", "Parsed", "Scanner", "parse"]

MAX_RESTARTS = 20


def parse(text: str) -> Content:
    """Read every document. After broken syntax reading goes on at the next ``---``, so that all problems show at once."""
    content, start, restarts = Content(), 0, 0
    lines = text.split("\n") if "\n---" in text else []
    while True:
        broken = _parse_from(text, start, content)
        if broken is None or restarts == MAX_RESTARTS:
            return content
        following = range(max(broken, start + 1), len(lines))
        start = next((number for number in following if lines[number].startswith("---")), -1)
        if start < 0:
            return content
        restarts += 1


def _parse_from(text: str, first_line: int, content: Content) -> int | None:
    """Add what stands from ``first_line`` on; the line where the syntax breaks, if it does."""
    part = text if first_line == 0 else text.split("\n", first_line)[-1]
    try:
        parser = _Parser(part)
        Composer(parser.get_event, content, first_line).run()
    except YAMLError as problem:
        fault, line = explain(problem, part)
        content.faults.append(fault.moved(first_line))
        return line + first_line
    except Hopeless as problem:
        content.faults.append(problem.fault.moved(first_line))
    return None
