"""The plain words for actions, effects, verdicts and outcomes, and for numbers and moments. Words only, no layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo

from controller.model.change import Action, Verdict
from controller.model.entity import Effect
from controller.model.outcome import Rollup, Served, Status

# One phrase per action and effect: (one entry, several entries). Written for whoever looks after the door.
_PHRASES: Mapping[tuple[Action, Effect], tuple[str, str]] = {
    (Action.CREATE, Effect.GRANTS): ("is added and may enter", "are added and may enter"),
    (Action.CREATE, Effect.NEUTRAL): ("is added", "are added"),
    (Action.UPDATE, Effect.GRANTS): ("gets more access", "get more access"),
    (Action.UPDATE, Effect.REVOKES): ("gets less access", "get less access"),
    (Action.UPDATE, Effect.NEUTRAL): ("is corrected, access stays the same", "are corrected, access stays the same"),
    (Action.DELETE, Effect.REVOKES): ("is removed and loses access", "are removed and lose access"),
    (Action.DELETE, Effect.NEUTRAL): ("is removed", "are removed"),
    (Action.BAR, Effect.REVOKES): ("loses access and stays listed", "lose access and stay listed"),
    (Action.BAR, Effect.NEUTRAL): ("has no access already and is kept that way", "have no access already and are kept that way"),
    (Action.ADOPT, Effect.GRANTS): ("is taken over and gets more access", "are taken over and get more access"),
    (Action.ADOPT, Effect.REVOKES): ("is taken over and gets less access", "are taken over and get less access"),
    (Action.ADOPT, Effect.NEUTRAL): ("is taken over, access stays the same", "are taken over, access stays the same"),
    (Action.MOVE, Effect.NEUTRAL): ("gets its new name in our notes", "get their new names in our notes"),
    (Action.FORGET, Effect.NEUTRAL): ("is no longer managed and stays as it is", "are no longer managed and stay as they are"),
}
_SIGNS = {Effect.GRANTS: "+", Effect.REVOKES: "-", Effect.NEUTRAL: "~"}

# Who loses access is read first, what changes nothing at the door last.
EFFECTS = (Effect.REVOKES, Effect.GRANTS, Effect.NEUTRAL)
ACTIONS = (Action.DELETE, Action.BAR, Action.UPDATE, Action.CREATE, Action.ADOPT, Action.MOVE, Action.FORGET)

VERDICTS: Mapping[Verdict, str] = {
    Verdict.REFUSED: "refused",
    Verdict.HELD: "left as they are, because something is unknown",
    Verdict.FOREIGN: "there already, but not ours",
    Verdict.PROTECTED: "protected",
    Verdict.FULL: "no room at the target",
    Verdict.SKIPPED: "skipped",
    Verdict.WARNED: "warned of by a rule of yours",
}

STATUSES: Mapping[str, str] = {
    Status.DONE: "done",
    Status.UNCHANGED: "as wanted already",
    Status.SKIPPED: "skipped",
    Status.REFUSED: "refused",
    Status.STALE: "moved meanwhile, left alone",
    Status.FAILED: "failed",
    Status.PARKED: "not tried",
}

ROLLUPS: Mapping[Rollup, str] = {
    Rollup.SUCCESS: "success",
    Rollup.PARTIAL: "partly done",
    Rollup.SKIPPED: "skipped",
    Rollup.FAILED: "failed",
    Rollup.PARKED: "parked",
    Rollup.FATAL: "stopped",
}

SERVED: Mapping[Served, str] = {
    Served.SUCCESS: "success",
    Served.PARTIAL: "partial",
    Served.SKIPPED: "skipped",
    Served.FATAL: "fatal",
}


def phrase(action: Action, effect: Effect, count: int) -> str:
    one, many = _PHRASES.get((action, effect), (f"{action}: {effect}", f"{action}: {effect}"))
    return one if count == 1 else many


def sign(action: Action, effect: Effect) -> str:
    return " " if action in (Action.FORGET, Action.MOVE) else _SIGNS[effect]


def number(count: int) -> str:
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 change``, ``1,234 changes``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def exact(text: str, zone: tzinfo | None) -> str:
    """As ``moment``, to the second: where it matters what came first."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    if when.tzinfo is None:
        return text
    return f"{when:%Y-%m-%d %H:%M:%S} UTC" if zone is None else f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def moment(text: str, zone: tzinfo | None) -> str:
    """A UTC text of ours in the site's zone, to the minute; with the word UTC where no zone is known. Other texts stay."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    if when.tzinfo is None:
        return text
    if zone is None:
        return f"{when:%Y-%m-%d %H:%M} UTC"
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M}"


_STAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)(?!\w)")


def local_times(text: str, zone: tzinfo | None) -> str:
    """The text with every moment of ours in it as people read it."""
    return _STAMP.sub(lambda found: moment(found[0], zone), text)
