"""The words of an operator's own rules over a plan: which changes a rule is about, and when. Models only; they are judged in
``engine.review.rules``, and what only shows beside the other documents is checked in ``spec.checks.rules``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from controller.model.units import parse_share
from controller.sdk.mapping import SpecModel

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
MIDNIGHT = "24:00"


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _clock(value: Any) -> str:
    if isinstance(value, str) and (value == MIDNIGHT or _CLOCK.fullmatch(value)):
        return value
    raise ValueError("write a time of day with two digits each, for example 08:00")


def _more_than(value: Any) -> Any:
    if isinstance(value, str):
        return parse_share(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("write a whole number or a share, for example 50 or 10%")


ClockTime: TypeAlias = Annotated[
    str,
    BeforeValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", "examples": ["08:00"]}),
]
MoreThan: TypeAlias = Annotated[
    int | float,
    BeforeValidator(_more_than),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}]}),
]
Words: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
ActionWord: TypeAlias = Literal["create", "update", "delete", "adopt", "forget", "bar"]
ACTIONS: tuple[ActionWord, ...] = ("create", "update", "delete", "adopt", "forget", "bar")
"""What rules have words for: everything but what happens in our own notes alone, which no rule is about."""
EffectWord: TypeAlias = Literal["grants", "revokes", "neutral"]


class Window(SpecModel):
    """A part of the week, in local time. From a later to an earlier time it crosses midnight, and belongs to the day it begins."""

    days: Annotated[tuple[Day, ...], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        DAYS, description="Days of the week; default: all.", examples=[["sat", "sun"]]
    )
    from_: ClockTime = Field("00:00", alias="from", description="Begin, included.", examples=["22:00"])
    to: ClockTime = Field(MIDNIGHT, description="End, not included.", examples=["06:00"])
    zone: str | None = Field(None, description="IANA zone; default: that of the Controller.", examples=["Europe/Stockholm"])

    @model_validator(mode="after")
    def _lasts(self) -> Window:
        if self.from_ == self.to or self.from_ == MIDNIGHT:
            raise ValueError("`from` and `to` must differ; for whole days leave both out")
        return self

    @property
    def begins(self) -> time:
        return time.fromisoformat(self.from_)

    @property
    def ends(self) -> time | None:
        """None: at the end of the day."""
        return None if self.to == MIDNIGHT else time.fromisoformat(self.to)


class Selection(SpecModel):
    """Which changes: every word that is given must hold, of a list one. Nothing given: every change."""

    kind: Words | None = Field(None, description="Kind of what is changed.", examples=["person"])
    action: Annotated[tuple[ActionWord, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = Field(
        None, description="What is done with it.", examples=[["delete", "bar"]]
    )
    effect: Annotated[tuple[EffectWord, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = Field(
        None, description="What that does to access.", examples=["revokes"]
    )
    provider: Words | None = Field(None, description="Provider of the resource.", examples=["hikvision"])
    address: Words | None = Field(
        None, description="Address patterns; * stands for anything.", examples=["Device/front-*", "Device/*:person/9*"]
    )
    labels: Mapping[str, str] | None = Field(
        None, min_length=1, description="Labels of the resource; all must agree.", examples=[{"site": "gym"}]
    )
    field: Words | None = Field(None, description="A field that differs.", examples=["valid"])
    drift: bool | None = Field(None, description="Whether somebody changed it at the target.")
    time: Window | None = Field(None, description="Only while it is this time of the week.")


class When(Selection):
    """Which changes, and how many of them."""

    more_than: MoreThan | None = Field(
        None, description="Only when there are more: a number, or a share of the entities that are there.", examples=[50, "10%"]
    )
    per: Literal["resource", "plan"] = Field("resource", description="Over what `moreThan` counts.")


class Rule(SpecModel):
    """A rule of the operator's own over a plan: either forbids changes, or warns of them."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)] = Field(
        description="Name of the rule, unique: small letters, digits and - between them.", examples=["no-weekend-removals"]
    )
    deny: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        None, description="Forbids the changes, and says this.", examples=["nobody is removed at weekends"]
    )
    warn: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        None, description="Lets the changes happen, but says this.", examples=["a large change: have somebody look"]
    )
    when: When = Field(default_factory=When, description="Which changes the rule is about; default: every change.")
    unless: Selection | None = Field(None, description="Changes, or times, that the rule is not about.")
    refuse: Literal["resources", "everything"] = Field(
        "resources", description="What a forbidden change stops: all that is planned for its resource, or the whole plan."
    )
    overridable: bool = Field(False, description="Whether `--allow policy:NAME` may allow what the rule forbids.")

    @model_validator(mode="after")
    def _one_verdict(self) -> Rule:
        if (self.deny is None) == (self.warn is None):
            raise ValueError("write either `deny` or `warn`, with what is to be said")
        if self.warn is not None and (self.overridable or self.refuse == "everything"):
            raise ValueError("`overridable` and `refuse` belong to `deny`: a warning stops nothing")
        return self

    @property
    def message(self) -> str:
        return self.deny or self.warn or ""

    @property
    def code(self) -> str:
        """What limits, notices and allowances call it."""
        return f"policy:{self.name}"
