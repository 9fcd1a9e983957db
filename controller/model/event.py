"""Events and conditions: what happened to what, and how a resource stands (in the manner of Kubernetes)."""

from __future__ import annotations

import msgspec

from controller.model.address import Address
from controller.model.outcome import Outcome, Status

_GOOD = frozenset({"Ready", "Synced"})  # what they say is well when True; the others are complaints: Drifted, Stalled, Orphaned
_TOLD = frozenset({Status.DONE, Status.FAILED, Status.STALE})  # the others have one reason for all, which their resource tells
_DONE = {
    "create": "was added",
    "update": "was changed",
    "delete": "was removed",
    "adopt": "was taken over",
    "bar": "was barred",
    "forget": "is no longer managed",
    "refresh": "was taken as last written",
    "move": "has its new name in our notes",
}


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened to what, when, in which run. Log, notifications and dashboard read these and nothing else."""

    time: str
    type: str  # "change.done", "resource.partial", "run.started", "condition.ready", ...
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

    @property
    def trouble(self) -> bool:
        """Whether somebody should look; Unknown is no complaint."""
        return self.status == ("False" if self.type in _GOOD else "True")


def change_ended(outcome: Outcome, run: str, time: str) -> Event | None:
    """What is told of the end of one change; None for what was not tried, which has one reason for many."""
    if outcome.status not in _TOLD:
        return None
    place = str(Address.parse(outcome.resource).of(outcome.kind, outcome.key))
    done = outcome.status is Status.DONE
    words = _DONE.get(outcome.action, outcome.action) if done else f"{outcome.action} {outcome.status.value}"
    told = f"{words}: {outcome.message}" if outcome.message else words
    return Event(time, f"change.{outcome.status.value}", place, told, "info" if done else "warning", run)


def run_started(run: str, plan: str, time: str) -> Event:
    return Event(time, "run.started", "", f"begins to carry out plan {plan}", "info", run)


def run_ended(run: str, status: str, summary: str, time: str) -> Event:
    """``status`` is a roll-up word, cancelled or interrupted."""
    severity = "info" if status in ("success", "skipped") else "warning"
    return Event(time, f"run.{status}", "", f"ended: {summary}", severity, run)


def condition_changed(now: ConditionState, time: str) -> Event:
    said = f"{now.type} is {now.status}: {now.message or now.reason}"
    return Event(time, f"condition.{now.type.lower()}", now.resource, said, "warning" if now.trouble else "info")
