"""The public contract for providers, versioned by ``SDK_VERSION``. What a provider needs of the model is re-exported here.

HTTP (``controller.sdk.http``) and simulation (``controller.sdk.simulation``) are separate modules so that validating a spec
loads neither.
"""

from controller.model.change import Action
from controller.model.content import Content
from controller.model.entity import Actual, Effect, Entity, EntityKind, Facts, Field, Page, Provenance, Refusal, Sought
from controller.model.period import PERMANENT, Period, period_effect, show_period
from controller.model.record import DEVICE, PERSON, TABLE, FieldType, Record, RecordRef, RecordType, Unreadable, Value
from controller.model.units import parse_duration
from controller.sdk.context import Clock, Context, Endpoint, Pictures, SystemClock, Tls
from controller.sdk.errors import (
    Busy,
    Conflict,
    ConnectionLost,
    Done,
    Full,
    Incomplete,
    Nonsense,
    NotOffered,
    ProviderError,
    Rejected,
    Scope,
    TimedOut,
    Unauthorized,
    Unreachable,
    WrongTarget,
)
from controller.sdk.mapping import Match, Seconds, SpecModel, SubjectMapping, Template, Valid
from controller.sdk.provider import (
    SDK_VERSION,
    Checkable,
    Located,
    PictureSource,
    Problem,
    Reader,
    Ref,
    Right,
    Selected,
    Source,
    SourceProvider,
    TargetProvider,
    Wish,
    Write,
    Writer,
    Written,
)
from controller.sdk.reference import Reference, SecretRef, TextOrRef

__all__ = [
    "DEVICE", "PERMANENT", "PERSON", "SDK_VERSION", "TABLE",
    "Action", "Actual", "Busy", "Checkable", "Clock", "Conflict", "ConnectionLost", "Content", "Context", "Done", "Effect",
    "Endpoint", "Entity", "EntityKind", "Facts", "Field", "FieldType", "Full", "Incomplete", "Located", "Match", "Nonsense",
    "NotOffered", "Page", "Period", "PictureSource", "Pictures", "Problem", "Provenance", "ProviderError", "Reader", "Record",
    "RecordRef", "RecordType", "Ref", "Reference", "Refusal", "Rejected", "Right", "Scope", "Seconds", "SecretRef", "Selected",
    "Sought", "Source", "SourceProvider", "SpecModel", "SubjectMapping", "SystemClock", "TargetProvider", "Template",
    "TextOrRef", "TimedOut", "Tls", "Unauthorized", "Unreachable", "Unreadable", "Valid", "Value", "Wish", "Write", "Writer",
    "Written", "WrongTarget", "parse_duration", "period_effect", "show_period",
]  # fmt: skip
