"""Events, a line each: when, how grave, about what, what happened."""

from __future__ import annotations

from collections.abc import Iterable

from controller.cli.show.layout import STANDARD, View
from controller.cli.show.past.documents import EventLine
from controller.cli.show.words import exact
from controller.cli.talk import plain

_SIGNS = {"info": " ", "warning": "!", "error": "!"}


def events_text(events: Iterable[EventLine], view: View = STANDARD) -> str:
    """Whole lines, never broken: they are read with grep."""
    return "\n".join(_line(event, view) for event in events)


def _line(event: EventLine, view: View) -> str:
    about = f"{event.subject}: " if event.subject else ""
    run = f"  [{event.run}]" if event.run else ""
    when = exact(event.time, view.zone)
    return plain(f"{_SIGNS.get(event.severity, '!')} {when}  {event.type}  {about}{event.message}{run}")
