"""Which format an output has and where it goes: ``-o FORMAT`` to stdout, ``--write FORMAT=FILE`` as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.cli.show.formats.paper import Paper
from controller.model.errors import TrueupError, UsageError


def _text(paper: Paper) -> str:
    from controller.cli.show.plan_text import plan_text

    return plan_text(paper.plan, paper.view, saved=paper.saved)


def _json(paper: Paper) -> str:
    from controller.cli.show.documents import PlanDocument, encoded, summary_of

    return encoded(PlanDocument(summary_of(paper.plan), paper.plan))


def _markdown(paper: Paper) -> str:
    from controller.cli.show.formats.plan_markdown import plan_markdown

    return plan_markdown(paper)


def _html(paper: Paper) -> str:
    from controller.cli.show.formats.plan_html import plan_html

    return plan_html(paper)


def _junit(paper: Paper) -> str:
    from controller.cli.show.formats.junit import plan_junit

    return plan_junit(paper)


def _github(paper: Paper) -> str:
    from controller.cli.show.formats.github import plan_github

    return plan_github(paper)


RENDERERS: Mapping[str, Callable[[Paper], str]] = {
    "text": _text, "json": _json, "markdown": _markdown, "html": _html, "junit": _junit, "github": _github,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """One ``--write``."""

    format: str
    path: Path


def wanted(words: Sequence[str], formats: Sequence[str]) -> list[Wanted]:
    """What ``--write`` asks for; raises UsageError for a format that does not exist and for one file meant twice."""
    found: list[Wanted] = []
    for word in words:
        format_, equals, name = word.partition("=")
        if not (equals and name):
            raise UsageError(f"--write {word!r} says no file", hint="write FORMAT=FILE, for example --write markdown=plan.md")
        if format_ not in formats:
            from difflib import get_close_matches

            meant = "".join(f"; did you mean {close}?" for close in get_close_matches(format_, formats, n=1))
            raise UsageError(f"--write: there is no format {format_}{meant}", hint=f"formats are: {', '.join(formats)}")
        if any(other.path == Path(name) for other in found):
            raise UsageError(f"--write: {name} is to be written twice", hint="give each format a file of its own")
        found.append(Wanted(format_, Path(name)))
    return found


def write_file(path: Path, text: str) -> None:
    """Write beside the path and rename: a reader never finds half a file. Raises TrueupError in words."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        hint = "free some space or choose another place"
        raise TrueupError(f"{path} could not be written: {error.strerror}", hint=hint) from error
