"""Resources that left the specs with ``whenRemovedFromSpec: empty``: their last spec is remembered, so that they can be emptied.

References are remembered, never values: one that stood in the spec in plain is gone with it, and then the resource is forgotten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from controller.model.address import Address
from controller.model.diagnostic import Place
from controller.model.encoding import canonical
from controller.registry import REGISTRY, BrokenProvider, Registry, UnknownProvider
from controller.spec.envelope import document_model
from controller.spec.resource import Mapped, Resource


def remembered(resource: Resource) -> str:
    """The spec as it is kept in the state; empty when it is not needed once the spec is gone."""
    if resource.policy.when_removed_from_spec != "empty":
        return ""
    return canonical({"document": resource.document, "folder": str(resource.folder), "zone": resource.zone}).decode()


def recalled(text: str, registry: Registry = REGISTRY) -> Resource | None:
    """The resource as it was last applied; None when nothing was kept or it cannot be understood any more."""
    if not text:
        return None
    kept: dict[str, Any] = msgspec.json.decode(text)
    document = kept["document"]
    try:
        provider = registry.load(document["spec"]["provider"])
        whole: Any = document_model(provider).model_validate(document)
    except (UnknownProvider, BrokenProvider, ValidationError):
        return None
    place = Place("(remembered)")
    sections = getattr(provider, "sections", {})
    return Resource(
        address=Address(document["kind"], document["metadata"]["name"]),
        provider=provider,
        config=whole.spec.config,
        policy=whole.spec.policy,
        labels=whole.metadata.labels,
        mappings=tuple(Mapped(section, item, place) for section in sections for item in getattr(whole.spec, section)),
        place=place,
        folder=Path(kept["folder"]),
        digest="",
        zone=kept["zone"],
        document=document,
    )
