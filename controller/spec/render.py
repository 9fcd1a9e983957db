"""Diagnostics for people, for programs, and as annotations of a pull request. Renders only; nothing is judged here."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from controller.model.diagnostic import Diagnostic, Place, Severity
from controller.model.encoding import builtins

FORMAT = 1
_RED, _YELLOW, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


def render_text(diagnostics: Sequence[Diagnostic], *, colour: bool = False, width: int = 80, count: bool = True) -> str:
    """One block per problem, then a count unless somebody else says it; an empty text when there is none."""
    if not diagnostics:
        return ""
    blocks = [_block(found, colour, width) for found in diagnostics]
    return "\n\n".join([*blocks, *([summary(diagnostics)] if count else [])]) + "\n"


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """``{"format": 1, "valid": bool, "errors": n, "warnings": n, "diagnostics": [...]}``; see schemas/validate.json."""
    errors, warnings = _counts(diagnostics)
    document = {
        "format": FORMAT,
        "valid": not errors,
        "errors": errors,
        "warnings": warnings,
        "diagnostics": [builtins(found) for found in diagnostics],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def render_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands (docs.github.com, "Workflow commands for GitHub Actions"), one line each."""
    return "".join(f"{_annotation(found)}\n" for found in diagnostics)


RENDERERS = {"text": render_text, "json": render_json, "github": render_github}


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``"""
    errors, warnings = _counts(diagnostics)
    return ", ".join(_count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number) or "no problems"


def _counts(diagnostics: Sequence[Diagnostic]) -> tuple[int, int]:
    errors = sum(found.severity is Severity.ERROR for found in diagnostics)
    return errors, len(diagnostics) - errors


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _block(found: Diagnostic, colour: bool, width: int) -> str:
    tint = _RED if found.severity is Severity.ERROR else _YELLOW
    head = f"{found.place}: {_tinted(f'{found.severity}:', tint, colour)} {_tinted(found.summary, _BOLD, colour)}"
    lines = [head]
    if found.excerpt:
        lines += [f"    {_tinted(line, _DIM, colour)}" for line in found.excerpt.split("\n")]
    if found.suggestion:
        lines.append(f"  Did you mean `{found.suggestion}`?")
    if found.detail:
        lines += textwrap.wrap(
            found.detail, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    return "\n".join(lines)


def _tinted(text: str, code: str, colour: bool) -> str:
    return f"{code}{text}{_PLAIN}" if colour else text


def _annotation(found: Diagnostic) -> str:
    level = "error" if found.severity is Severity.ERROR else "warning"
    asked = f"Did you mean `{found.suggestion}`?" if found.suggestion else ""
    return workflow_command(
        level, found.place, found.code, "\n".join(part for part in (found.summary, asked, found.detail) if part)
    )


def workflow_command(level: str, place: Place | None, title: str, message: str) -> str:
    """One annotation, at a place of a file where there is one. ``level``: error, warning or notice."""
    properties = {"file": place.file} if place is not None else {}
    if place is not None and place.line:
        properties |= {"line": str(place.line), "col": str(place.column)}
    properties["title"] = title
    listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
