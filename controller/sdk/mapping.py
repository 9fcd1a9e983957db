"""How records become subjects: the words every mapping shares (from, match, where) and the words for validity.

Providers subclass ``SubjectMapping`` with their own words. Models only: what templates and filters mean stands in ``template``,
``where`` and ``validity``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from controller.model.units import parse_duration


class SpecModel(BaseModel):
    """A part of a spec: unknown keys are errors, keys are camelCase, input never stands in an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        defer_build=True,  # most models are only parts of another, which is built whole
    )


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Template: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list),
    Field(min_length=1, json_schema_extra={"x-trueup-template": True}),
]
"""One template or a list of them; the first whose fields are all there is taken."""


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Seconds: TypeAlias = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0, le=3600),
    WithJsonSchema({"type": "string", "pattern": r"^((\d+(\.\d+)?(ms|s|m|h))+)$", "examples": ["5s", "1m"]}),
]
"""A time limit as people write it, ``5s`` or ``1m``; a provider gets seconds."""


class Match(SpecModel):
    """Joins another source: its record with the same value lends fields."""

    source: str = Field(description="Name of the source to join.", examples=["ids"], json_schema_extra={"x-trueup-source": True})
    on: Template = Field(description="What to look for, from this record's fields.", examples=["{email}"])
    by: str | None = Field(
        None, description="Field of the other source to look in; default: the one field that `on` names.", examples=["email"]
    )
    take: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        description="Fields of the other source that are added to the record.", examples=["employee_no"]
    )


class SubjectMapping(SpecModel):
    """Which records of which source become subjects of this resource."""

    from_: str = Field(
        alias="from",
        description="Name of the source that the records come from.",
        examples=["members"],
        json_schema_extra={"x-trueup-source": True},
    )
    match: Annotated[tuple[Match, ...], BeforeValidator(_as_list)] = Field(
        (),
        description="Other sources to join, one after the other.",
        examples=[{"source": "ids", "on": "{email}", "take": "employee_no"}],
    )
    where: dict[str, Any] = Field(
        default_factory=dict,
        description="Conditions that a record must meet. A condition on a missing field is unknown: neither granted nor revoked.",
        examples=[{"active": True}, {"roles": {"in": ["10", "12"]}}],
        json_schema_extra={"x-trueup-where": True},
    )


class Valid(SpecModel):
    """From when until when access is valid, in the site's local time. A date alone means its first or its last second."""

    from_: Template | None = Field(None, alias="from", description="Begin; default: open.", examples=["{valid_from}", "2026-01-01"])
    until: Template = Field(
        description="End. The word `forever` grants without an end; nothing else does.",
        examples=["{valid_until}", "2026-12-31", "forever"],
    )
    when_missing: Literal["refuse", "forever"] = Field(
        "refuse", description="What to do when the end is missing: refuse the record (the target stays as it is) or grant for ever."
    )
