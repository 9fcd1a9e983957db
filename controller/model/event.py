"""Events and conditions: what happened to what, and how a resource stands (in the manner of Kubernetes)."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened to what, when, in which run. Log, notifications and dashboard read these and nothing else."""

    time: str
    type: str  # "change.done", "device.parked", "plan.made", ...
    subject: str  # an address, or "" for the whole workspace
    message: str
    severity: str = "info"  # info | warning | error
    run: str = ""


class ConditionState(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition of a resource: ``status`` is True, False or Unknown as text."""

    resource: str
    type: str  # Ready, Synced, Drifted, Stalled, Orphaned
    status: str
    reason: str
    message: str = ""
    observed_generation: str = ""
    last_transition: str = ""
