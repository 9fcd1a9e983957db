"""The engine's words in a spec, the same for every kind: what may be removed, adopted, how much at once, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from controller.model.units import parse_duration, parse_share
from controller.sdk.mapping import SpecModel
from controller.spec.rules import Rule
from controller.spec.sharing.shared import Move

WRITTEN: Mapping[str, bool] = {"written": True}
"""Validation context of what people wrote: there a number without its unit is an error; code may give seconds and shares."""


def _written(info: ValidationInfo) -> bool:
    return isinstance(info.context, Mapping) and bool(info.context.get("written"))


def _seconds(value: object, info: ValidationInfo) -> float:
    if isinstance(value, float) and not _written(info):
        return value
    return parse_duration(str(value))


def _share(value: object, info: ValidationInfo) -> float:
    return value if isinstance(value, float) and not _written(info) else parse_share(str(value))


Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": r"^(0|(\d+(\.\d+)?(ms|s|m|h|d|w))+)$"}, {"const": 0}],
            "examples": ["1s", "5m", "24h"],
        }
    ),
]
Share: TypeAlias = Annotated[
    float, BeforeValidator(_share), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$", "examples": ["30%"]})
]


class Limits(SpecModel):
    """How much one run may change, as a share of what the last complete read found. Below 10 entities: at most 3, never all."""

    revoke: Share = Field(0.3, description="Share of entities that may lose access in one run.")
    grant: Share = Field(0.3, description="Share of entities that may be granted or updated in one run.")


class Budgets(SpecModel):
    """How many changes of a kind may happen within a rolling 24 hours, over all runs."""

    revoke: int | None = Field(
        None, ge=0, description="Entities that may lose access within 24 hours. Unset: twice what one run may."
    )
    grant: int | None = Field(None, ge=0, description="Entities that may be granted or updated within 24 hours. Unset: no budget.")


class Policy(SpecModel):
    """What the engine may do with this resource."""

    on_removal: Literal["delete", "expire", "keep"] = Field(
        "expire",
        description="What happens to what we own when it is no longer declared: delete it, bar it but leave it, or leave it.",
    )
    prune: Literal["owned", "none", "all"] = Field(
        "owned", description="Which undeclared entities are removed: those we own, none, or all (also those others made)."
    )
    adopt: Literal["refuse", "matching", "all"] = Field(
        "refuse",
        description="What to do with something that is there under our key: leave it, take it if its identity agrees, take it.",
    )
    when_removed_from_spec: Literal["forget", "empty"] = Field(
        "forget",
        description="What happens when the whole resource leaves the specs: forget what we own there and leave it, or delete it.",
    )
    limits: Limits = Field(default_factory=Limits, description="How much one run may change.")
    budgets: Budgets = Field(default_factory=Budgets, description="How much may change within 24 hours.")
    pace: Duration = Field(
        1.0,
        description="Least time between two calls to this target. While it says that it is busy, the time grows by itself (up to "
        "16 times, at most a minute), and shrinks again step by step.",
    )
    on_fatal: Literal["park", "stop"] = Field(
        "park", description="When the target cannot be worked with: park it and go on with the others, or stop the run."
    )
    max_clock_offset: Duration = Field(300.0, description="A target whose clock is further off is parked.")
    unknown_clock: Literal["park", "accept"] = Field(
        "park", description="What to do with a target that judges validity by its own clock and does not tell the time."
    )
    protect: tuple[str, ...] = Field(
        (),
        description="Entities that are never changed, as patterns: `person/1001`, `person/9*`. Remembered in the state.",
        examples=[["person/1001"]],
    )
    manage_administrators: tuple[str, ...] = Field(
        (),
        description="Administrators at the target that may be changed all the same, as patterns like those of `protect`.",
        examples=[["person/1"]],
    )
    ignore: tuple[str, ...] = Field((), description="Fields that are neither compared nor corrected.", examples=[["name"]])
    never_remove: tuple[str, ...] = Field(
        (), description="Entities that are never deleted or barred, as patterns. Remembered in the state.", examples=[["person/9*"]]
    )


class Layer(SpecModel):
    """Words that several documents share; each takes what it does not say itself."""

    config: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the provider, as under spec.config.", examples=[{"username": "admin"}]
    )
    policy: Policy = Field(
        default_factory=Policy, description="What the engine may do, as under spec.policy.", examples=[{"pace": "2s"}]
    )


class ControllerSpec(SpecModel):
    """Settings of the whole workspace; at most one document of this kind."""

    timezone: str | None = Field(
        None, description="IANA zone of the site, for local times; the host's zone is never used.", examples=["Europe/Stockholm"]
    )
    parallel_devices: int = Field(16, ge=1, le=256, description="How many targets are worked on side by side.")
    plan_expiry: Duration = Field(24 * 3600.0, description="How long a saved plan may be applied.")
    source_shrink: Share = Field(
        0.3, description="A source that lost a larger share of its records since the last complete read removes nothing."
    )
    defaults: dict[str, Layer] = Field(
        default_factory=dict,
        description="What resources of a kind (policy only) or of a provider have when they do not say it themselves.",
        examples=[{"hikvision": {"config": {"username": "admin"}, "policy": {"pace": "1s"}}}],
    )
    profiles: dict[str, Layer] = Field(
        default_factory=dict,
        description="Words that a resource takes with `spec.profile: NAME`; they go before defaults and after its own.",
        examples=[{"careful": {"policy": {"onRemoval": "keep"}}}],
    )
    moved: tuple[Move, ...] = Field(
        (),
        description="Resources that got another name: what we own there is kept.",
        examples=[[{"from": "Device/old-door", "to": "Device/front-door"}]],
    )
    rules: tuple[Rule, ...] = Field(
        (),
        description="Rules of your own over a plan: what it must not do, or must not do unsaid, and when. See `trueup policy`.",
        examples=[
            [
                {
                    "name": "no-weekend-removals",
                    "deny": "nobody is removed at weekends",
                    "when": {"action": "delete", "time": {"days": ["sat", "sun"]}},
                }
            ]
        ],
    )
