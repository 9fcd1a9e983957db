"""What documents share: one resource per record (``forEach``) and new names (``moved``). Models only."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from controller.sdk.mapping import SpecModel, Template
from controller.spec.sharing.networks import check_network

ADDRESS = r"^[A-Z][A-Za-z]*/[a-z0-9]([a-z0-9._-]*[a-z0-9])?(@.+)?$"
AddressText = Annotated[str, StringConstraints(pattern=ADDRESS)]


class ForEach(SpecModel):
    """One resource for each record of a source: `Device/terminal@17`."""

    source: str = Field(
        description="Name of the source whose records become resources.",
        examples=["terminals"],
        json_schema_extra={"x-trueup-source": True},
    )
    key: Template = Field(
        description="What stays the same for one record for ever; the name of its resource ends in it.", examples=["{id}"]
    )
    where: dict[str, Any] = Field(
        default_factory=dict,
        description="Conditions that a record must meet, as in mappings.",
        examples=[{"in_use": True}],
        json_schema_extra={"x-trueup-where": True},
    )
    allow_networks: tuple[Annotated[str, AfterValidator(check_network)], ...] = Field(
        min_length=1,
        description="Where the addresses that records name may lie: networks, addresses, and host names that are meant.",
        examples=[["192.168.1.0/24"]],
    )


class Move(SpecModel):
    """A resource that got another name: what we own there is kept."""

    from_: AddressText = Field(alias="from", description="Address as it was.", examples=["Device/old-door"])
    to: AddressText = Field(description="Address as it is now.", examples=["Device/front-door"])
