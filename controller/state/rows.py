"""The values that the state takes and gives back. Times are UTC texts ``YYYY-MM-DDTHH:MM:SSZ``, which sort as times do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from controller.model.outcome import Outcome

PENDING = "pending"  # begun, not seen yet: never pruned
OWNED = "owned"


def stamp(moment: datetime) -> str:
    """A moment (aware) as the state writes it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class OwnedRow(msgspec.Struct, frozen=True):
    """One entity that is ours at a target. ``key`` is a token where the kind's key is sensitive.

    ``fields`` holds a keyed fingerprint per field as last written, ``managed`` None means every field. ``tombstone``: barred,
    and to be kept so. ``source`` and ``record`` name the record that it was made from, ``also`` the further ones behind
    it as (source, record): those that wish the same, and those that were joined. ``evidence`` proves what was sent where nobody can
    read it back (the SHA-256 of a picture).
    """

    resource: str
    kind: str
    key: str
    status: str = OWNED
    tombstone: bool = False
    only_existing: bool = False
    remote_id: str = ""
    subject: str = ""
    label: str = ""
    fields: Mapping[str, str] = {}
    managed: tuple[str, ...] | None = None
    source: str = ""
    record: str = ""
    run: str = ""
    written_at: str = ""
    also: tuple[tuple[str, str], ...] = ()
    evidence: str = ""

    @property
    def records(self) -> tuple[tuple[str, str], ...]:
        """(source, record) of everything behind it."""
        return ((self.source, self.record), *self.also)


class RunRow(msgspec.Struct, frozen=True):
    """One apply. ``status`` is "running" until it is closed; ``summary`` says how many changes ended how, empty while it runs."""

    run: str
    started: str
    plan_id: str = ""
    spec: str = ""  # digest of the specs that the plan was made from
    host: str = ""
    pid: int = 0
    status: str = "running"
    ended: str = ""
    summary: str = ""


class Begun(msgspec.Struct, frozen=True):
    """The intention to make one change, written down before the call.

    ``before`` is the before-image, sealed by ``Journal.seal_before``; ``owned`` the pending inventory row of a create. ``run`` is
    filled in when the entry is read back.
    """

    change: str
    resource: str
    kind: str
    key: str
    action: str
    after_fingerprint: str = ""
    before: bytes = b""
    owned: OwnedRow | None = None
    run: str = ""
    began_at: str = ""


class Finished(msgspec.Struct, frozen=True):
    """What became of a change: the outcome, what it did to access, and what the inventory must say from now on.

    ``owned`` replaces the inventory row, ``remove`` drops it, ``undo`` drops it only while it is still what this run's *begin*
    wrote (somebody else may have made it theirs); none leaves it as it is. ``effect_class`` is grants, revokes or neutral:
    budgets count by it.
    """

    outcome: Outcome
    owned: OwnedRow | None = None
    remove: bool = False
    undo: bool = False
    effect_class: str = "neutral"


class Protection(msgspec.Struct, frozen=True):
    """A pattern that outlives the spec that declared it; ``kind`` is protect, never_remove or ignore."""

    resource: str
    pattern: str
    kind: str
    since: str


class TargetRow(msgspec.Struct, frozen=True):
    """What is remembered about a target: its serial number, the first contact, and whether it was ever brought into order."""

    resource: str
    identity: str = ""
    first_contact: str = ""
    initialised: bool = False
    last_run: str = ""
    spec: str = ""
    document: str = ""  # the last spec, kept only where it is needed once the resource leaves the specs


class ReadRow(msgspec.Struct, frozen=True):
    """The last complete read of a kind at a target or of a source (``kind`` empty): how many there were, and when."""

    subject: str
    kind: str
    count: int
    read_at: str
