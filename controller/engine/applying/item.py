"""One change on its way through apply: what was planned, what was seen just before, what was sent, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.engine.judging.diff import differing, title_of
from controller.engine.marks import Marks, readable
from controller.model.change import Action, Change
from controller.model.entity import Actual, Entity, EntityKind
from controller.model.outcome import Outcome, Status
from controller.sdk.errors import Done
from controller.sdk.provider import Ref, Write, Written
from controller.state.rows import OwnedRow


def withholds(change: Change, kind: EntityKind) -> bool:
    """Whether a saved plan lacks something that this change writes."""
    return any(field.withheld for field in change.fields) or (kind.sensitive_key and change.action is Action.CREATE)


@dataclass
class Item:
    """``wish`` is the entity behind the change where this process knows it, ``current`` what the latest look showed."""

    change: Change
    kind: EntityKind
    marks: Marks
    wish: Entity | None = None
    image: Actual | None = None  # of a rollback: what stood there before the run that it returns
    current: Actual | None = None
    values: tuple[Any, ...] = ()
    written: Written | None = None
    attempts: int = 0
    known: str = ""  # a sensitive key that the plan withholds, as it was found at the target
    unsure: bool = False  # something was sent that may have taken effect, and nobody has seen whether it did
    began: bool = False
    guard: str = ""  # why whom it hangs on must not be touched, as the latest look showed
    outcome: Outcome | None = None
    started: float = 0.0

    @property
    def key(self) -> str:
        known = self.wish or self.image
        return known.key if known else self.known or (self.current.key if self.current else self.change.key)

    @property
    def ref(self) -> Ref:
        known = self.wish or self.image
        key = known.key if known else self.known or ("" if self.kind.sensitive_key else self.change.key)
        return Ref(key, self.change.subject, self.change.remote_id)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whom it hangs on: as planned, and as it is now. Our own notes concern nobody."""
        now = self.current.subject if self.current else ""
        return () if self.change.action is Action.FORGET else tuple(s for s in dict.fromkeys((self.change.subject, now)) if s)

    @property
    def guarded(self) -> str:
        """Why this must not be touched although it was planned; empty when it may be."""
        if self.change.administrator or self.change.action is Action.FORGET:
            return ""
        return (self.current.guard if self.current else "") or self.guard

    @property
    def needs_call(self) -> bool:
        return self.change.action is Action.DELETE or (bool(self.change.fields) and self.change.action is not Action.FORGET)

    @property
    def managed(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.kind.fields) if self.change.managed is None else self.change.managed

    @property
    def needs_wish(self) -> bool:
        """Whether the plan alone does not say what to write: it holds neither sensitive values nor sensitive keys."""
        return self.wish is None and self.image is None and withholds(self.change, self.kind)

    @property
    def unprepared(self) -> str:
        """Why what the plan withholds is not known any more."""
        if self.change.image and self.image is None:
            return "what stood there before is not kept any more, or was sealed with another key"
        return "the records behind it have changed since the plan was made; plan again"

    def took(self, written: Written) -> None:
        """Note what one attempt came to. A yes that was not seen yet is as open as no answer, also when a later attempt fails."""
        self.written = written
        self.attempts += 1
        self.unsure = self.unsure or written.error is None or written.effect is not Done.NONE

    def now(self) -> str:
        """The fingerprint of what the latest look showed, over what is managed."""
        return self.marks.entity(self.kind, self.current, self.change.managed)

    def as_wished(self) -> bool:
        """Whether the latest look shows what was to be written. What none can show is believed when the target said yes to it."""
        if self.change.action is Action.DELETE or self.current is None:
            return self.change.action is Action.DELETE and self.current is None
        values = self.current.values
        if self.written is not None and self.written.error is None:
            fields = zip(self.kind.fields, self.values, values, strict=True)
            values = tuple(sent if field.write_only else seen for field, sent, seen in fields)
        return self.marks.entity(self.kind, Entity(self.kind.name, self.current.key, values), self.change.managed) == (
            self.change.fingerprint
        )

    def repeats(self) -> bool:
        """Whether to send again what may have arrived, because no look can tell: what can be seen is as wished."""
        if not self.unsure or self.current is None or not any(field.write_only for field in self.kind.fields):
            return False
        return readable(self.kind, self.current.values) == readable(self.kind, self.values)

    def shows_instead(self) -> str:
        """What the latest look showed other than it was written, in words without values."""
        if self.change.action is Action.DELETE or self.current is None:
            return "nothing of it" if self.current is None else "it still"
        different = [title_of(field) for field in differing(self.kind, self.current.values, self.values, self.managed)]
        return f"something else as its {' and '.join(different)}" if different else "something else"

    def prepare(self) -> bool:
        """Work out what will be written; False when the records behind it are no longer those that were planned."""
        change = self.change
        base = self.current.values if self.current else (None,) * len(self.kind.fields)
        if change.action in (Action.DELETE, Action.FORGET):
            self.values = base
            return True
        values = list(base)
        if self.wish is not None:
            for name in self.managed:
                values[self.kind.index(name)] = self.wish.values[self.kind.index(name)]
        elif self.needs_wish:
            return False
        else:
            for field in change.fields:
                place = self.kind.index(field.name)
                values[place] = self.image.values[place] if self.image is not None else field.after
        self.values = tuple(values)
        return self.marks.entity(self.kind, Entity(self.kind.name, self.key, self.values), change.managed) == change.fingerprint

    def write(self) -> Write:
        change = self.change
        new = change.action is Action.CREATE and self.current is None  # one that is sent again may be there by now
        action = Action.CREATE if new else Action.DELETE if change.action is Action.DELETE else Action.UPDATE
        subject = change.subject or (self.current.subject if self.current else "")
        return Write(
            change.id, action, self.kind.name, self.key, self.values, change.managed, subject, change.remote_id, self.current
        )

    def end(self, status: Status, message: str, code: str, seconds: float, effect: Done = Done.NONE) -> None:
        change = self.change
        done = Done.DONE if status is Status.DONE else effect
        self.outcome = Outcome(
            change.id, change.resource, change.kind, change.key, change.action.value, status, message, code,
            change.label, change.subject, done.value, max(1, self.attempts), round(seconds, 3),
        )  # fmt: skip

    def row(self, status: str, run: str, time: str) -> OwnedRow | None:
        """The inventory row that this change leads to; None when it leads to none."""
        change = self.change
        if change.action in (Action.DELETE, Action.FORGET):
            return None
        records = change.provenance.records if change.provenance else ()
        return OwnedRow(
            resource=change.resource,
            kind=self.kind.name,
            key=change.key,
            status=status,
            tombstone=change.action is Action.BAR,
            only_existing=change.only_existing,
            remote_id=(self.written.remote_id if self.written else "") or change.remote_id,
            subject=change.subject,
            label=change.label,
            fields=self.marks.values(self.kind, self.values, change.managed),
            managed=change.managed,
            source=records[0].source if records else "",
            record=records[0].key if records else "",
            run=run,
            written_at=time,
            also=tuple((record.source, record.key) for record in records[1:]),
            evidence=self.written.evidence if self.written else "",
        )
