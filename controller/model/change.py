"""Changes and plans: values that are made by one function, saved, shown and hashed, and walked by another."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from controller.model.entity import Effect, Provenance

PLAN_FORMAT = 1


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"  # take into the inventory something that is already there, writing what differs
    MOVE = "move"  # what we own on a resource is owned under its new name from now on; nothing is written to it
    FORGET = "forget"  # drop from the inventory, leave at the target
    BAR = "bar"  # onRemoval: expire; writes the provider's safest form and keeps it true


class FieldChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field before and after. Sensitive and write-only values are withheld: only their keyed fingerprints stand here.

    ``was`` and ``becomes`` are the same in plain words, masked where withheld; outputs print these and nothing else.
    ``title`` is the field's name for people. ``drift``: the target no longer shows what was last written there.
    """

    name: str
    before: Any = None
    after: Any = None
    withheld: bool = False
    was: str = ""
    becomes: str = ""
    title: str = ""
    drift: bool = False


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a plan.

    ``key`` is a token (keyed fingerprint) where the kind's key is sensitive. ``before`` is a keyed fingerprint of the managed
    fields as observed, empty when the entity was absent. ``after`` lists the ids of changes that must be done first.
    ``fields`` holds what differs; what is not in it stays as the re-read just before the write finds it.
    ``administrator`` marks what concerns an administrator at the target: there grants come before revokes. ``taken``: it was not
    ours before. ``image`` (of a rollback) names the sealed before-image, ``run/change``, that holds what the plan withholds.
    """

    id: str
    resource: str
    kind: str
    key: str
    action: Action
    effect: Effect
    reason: str
    fields: tuple[FieldChange, ...] = ()
    managed: tuple[str, ...] | None = None
    before: str = ""
    fingerprint: str = ""  # keyed fingerprint of the values that will be written
    subject: str = ""
    remote_id: str = ""
    label: str = ""
    after: tuple[str, ...] = ()
    drift: bool = False
    only_existing: bool = False
    administrator: bool = False
    taken: bool = False
    image: str = ""
    provenance: Provenance | None = None


class Verdict(StrEnum):
    """Why something that might have been a change is none."""

    SKIPPED = "skipped"  # a record without what is needed
    REFUSED = "refused"  # a rule or a bad record forbids it
    HELD = "held"  # unknown: neither granted nor revoked
    FOREIGN = "foreign"  # there under our key, not ours
    PROTECTED = "protected"
    FULL = "full"
    WARNED = "warned"  # nothing is left alone: a rule of the operator's own warns of changes that will be made


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something the plan leaves alone, and why, in plain words; ``hint`` is what to do next, ``subject`` whom it is about."""

    resource: str
    verdict: Verdict
    code: str
    message: str
    kind: str = ""
    key: str = ""
    label: str = ""
    hint: str = ""
    place: str = ""
    subject: str = ""


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule that a resource's changes exceed: what was counted, against what, and the flag that would allow it.

    ``flag`` is empty where nothing may allow it; ``place`` is where a rule of the operator's own stands.
    """

    resource: str
    rule: str  # revoke, grant, bootstrap, budget-revoke, budget-grant, policy:NAME
    count: int
    allowed: int
    of: int
    message: str
    flag: str
    place: str = ""


class Given(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a resource has of others: ``by`` is "defaults of Device", "profile careful" or "forEach terminals", ``gives`` the keys
    of its spec that came with it, ``place`` where it stands."""

    by: str
    gives: tuple[str, ...] = ()
    place: str = ""


class Condition(StrEnum):
    """How far a resource could be judged when the plan was made."""

    COMPLETE = "complete"
    PARKED = "parked"  # unreadable or unsafe: nothing is planned for it
    ORPHANED = "orphaned"  # no spec declares it any more
    MOVED = "moved"  # it has another name from now on
    OFFLINE = "offline"  # --offline: planned from what is remembered


class ResourcePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resource in a plan: who it is (address on the network, serial number), how it was read, and how much is there."""

    address: str
    provider: str
    condition: Condition
    target: str = ""  # canonical URL
    identity: str = ""  # serial number
    message: str = ""
    hint: str = ""
    code: str = ""  # why it is parked, in one stable word: "unreachable"
    labels: dict[str, str] = {}
    desired: int = 0
    actual: int = 0
    owned: int = 0
    unchanged: int = 0
    foreign: int = 0
    held: int = 0
    initialised: bool = False
    model: str = ""
    clock_offset: float | None = None
    on_fatal: str = "park"
    origins: str = ""  # keyed digest of which records stand behind which keys
    given: tuple[Given, ...] = ()
    made_of: str = ""  # digest of a resource that a record made: the record must still say the same when the plan is applied
    unserved: int = 0  # subjects that are declared and selected, where nothing could be judged


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What differs and what it was computed from. Apply walks it and decides nothing."""

    format: int
    id: str
    made: str  # UTC, ISO 8601 with Z
    expires: str
    workspace: str
    spec: str  # digest of all specs
    version: str
    resources: tuple[ResourcePlan, ...] = ()
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    limits: tuple[Limit, ...] = ()
    allowances: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()  # names of the operator's own rules that it was judged by
    sources: dict[str, int] = {}
    scope: tuple[str, ...] = ()  # --target, --exclude, --only, --label as given
    offline: bool = False
    returns: str = ""  # a rollback: the run whose changes it returns
    signature: str = ""
