"""What happens during an apply, as it happens: the lines of ``apply -o json-lines``.

Each is told once, in order of time within a resource. A stream that ends without ``run-ended`` belongs to a run that was cut off.
"""

from __future__ import annotations

import msgspec

from controller.model.outcome import Outcome, Rollup, Served, SubjectCounts

EVENT_FORMAT = 1


class _Happening(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """``time`` is UTC, ISO 8601 with Z. A reader leaves out what it does not know: new events and fields keep the format."""

    time: str
    format: int = EVENT_FORMAT


class PlanMade(_Happening, frozen=True, kw_only=True, tag="plan-made"):
    """The plan that is about to be carried out. ``digest`` is what ``--reviewed`` takes; ``refused`` are resources that a rule
    stands against, ``parked`` those that could not be judged."""

    plan: str
    digest: str
    expires: str
    changes: int
    resources: int
    refused: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()


class RunStarted(_Happening, frozen=True, kw_only=True, tag="run-started"):
    run: str
    plan: str
    changes: int
    resources: tuple[str, ...]


class ResourceStarted(_Happening, frozen=True, kw_only=True, tag="resource-started"):
    """Work on a resource begins; where there is nothing to do, or nothing may be done, only its end is told."""

    run: str
    resource: str
    changes: int


class ResourceProgress(_Happening, frozen=True, kw_only=True, tag="resource-progress"):
    """``doing`` is a short phrase for people; counts are changes."""

    run: str
    resource: str
    doing: str
    done: int
    failed: int
    total: int


class ChangeEnded(_Happening, frozen=True, kw_only=True, tag="change-ended"):
    """How one change ended; written down in the state before it is told."""

    run: str
    outcome: Outcome


class ResourceEnded(_Happening, frozen=True, kw_only=True, tag="resource-ended"):
    """``counts`` are changes per status, ``subjects`` whom they are about; ``fatal`` is what stopped the resource as a whole."""

    run: str
    resource: str
    rollup: Rollup
    counts: dict[str, int]
    fatal: str = ""
    hint: str = ""
    seconds: float = 0.0
    status: Served | None = None
    subjects: SubjectCounts = SubjectCounts()


class RunEnded(_Happening, frozen=True, kw_only=True, tag="run-ended"):
    """``run`` is empty when there was nothing to do. ``resume``: ``apply --resume`` would go on."""

    run: str
    rollup: Rollup
    counts: dict[str, int]
    cancelled: bool = False
    resume: bool = False
    first_fatal: str = ""
    subjects: SubjectCounts = SubjectCounts()


Happening = PlanMade | RunStarted | ResourceStarted | ResourceProgress | ChangeEnded | ResourceEnded | RunEnded
